// Settings are changed; a bad value shows the server's words; the token is never shown.
import assert from "node:assert/strict";
import { base, check, open, withPage } from "./page.mjs";

const TOKEN = "hf_a_token_for_the_page_1234";
const settings = async (page) => (await page.request.get(`${base}api/settings`)).json();
await withPage(async (page) => {
  await open(page, "settings", "#maxActive");
  await check(page, "settings");
  await page.fill("#maxActive", "7");
  await page.fill("#token", TOKEN);
  await page.click("text=Save");
  await page.waitForSelector(".toast:has-text('Saved')");
  assert.equal((await settings(page)).maxActive, 7);
  assert.equal(await page.inputValue("#token"), "");
  assert.ok(!(await page.content()).includes(TOKEN));
  await page.fill("#multipartThreshold", "many");
  await page.click("text=Save");
  await page.waitForSelector(".toast.error");
  const refused = await page.request.post(`${base}api/settings`, { data: { multipartThreshold: "many" } });
  const { details } = await refused.json();
  assert.ok((await page.innerText(".toast.error")).includes(details), details);
}, (text) => text.includes("status of 400"));
