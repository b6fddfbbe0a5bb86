// Settings are changed and set back; a bad value shows the server's words; the token is never shown.
import assert from "node:assert/strict";
import { api, base, check, open, withPage } from "./page.mjs";

const TOKEN = "hf_a_token_for_the_page_1234";
await withPage(async (page) => {
  const settings = () => api(page, "GET", "settings");
  const { maxActive } = await settings();
  const save = page.getByRole("button", { name: "Save", exact: true });
  await open(page, "settings", "form");
  await check(page, "settings");
  const jobs = page.getByRole("textbox", { name: /^Jobs that run at a time/ });
  const token = page.getByRole("textbox", { name: /^Token of the Hub/ });
  await jobs.fill("7");
  await token.fill(TOKEN);
  await save.click();
  await page.getByText("Saved for all processes").waitFor();
  assert.equal((await settings()).maxActive, 7);
  assert.equal(await token.inputValue(), "");
  assert.ok(!(await page.content()).includes(TOKEN));
  await page.getByRole("button", { name: "Jobs that run at a time: back to the default" }).click();
  await page.getByText("Back to what").waitFor();
  assert.equal((await settings()).maxActive, maxActive);
  assert.equal(await jobs.inputValue(), String(maxActive));
  await page.getByRole("textbox", { name: /^Fetched in parts from/ }).fill("many");
  await save.click();
  const refused = await page.request.post(`${base}api/settings`, { data: { multipartThreshold: "many" } });
  const { details } = await refused.json();
  await page.getByText(details.replace(/^multipartThreshold: /, "")).first().waitFor();
  await check(page, "refused setting");
}, { isExpected: (text) => text.includes("status of 400") });
