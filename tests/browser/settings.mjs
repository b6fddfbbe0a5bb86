// Settings are changed and set back; a bad value shows the server's words; the token is never shown.
import assert from "node:assert/strict";
import { api, base, check, drawn, open, withPage } from "./page.mjs";

/** More than a message is shown. */
const TOAST_MS = 6_000;
const TOKEN = "hf_a_token_for_the_page_1234";

/** What is saved is said to be, whatever becomes of the next look. */
async function savedThoughNotReadAgain(page, save) {
  const fails = (route) => (route.request().method() === "GET" ? route.fulfill({ status: 503, json: { error: "Not today", details: "" } }) : route.fallback());
  await page.route("**/api/settings", fails);
  await page.getByRole("textbox", { name: /^Retries/ }).fill("3");
  await save.click();
  await page.getByRole("alert").getByText("Not today").waitFor();
  await page.getByRole("log").getByText("Saved for all processes").waitFor();
  await page.getByText("Not saved yet").waitFor({ state: "detached" });
  await page.unroute("**/api/settings", fails);
}

/** By the keyboard alone, what had the focus is there still, or the heading has it. */
async function theFocusIsKept(page, save) {
  const focused = (name) => page.waitForFunction((name) => (document.activeElement.ariaLabel ?? document.activeElement.innerText) === name, name);
  const retries = page.getByRole("textbox", { name: /^Retries/ });
  await retries.fill("5");
  await page.getByRole("button", { name: "Discard" }).press("Enter");
  await page.getByText("Not saved yet").waitFor({ state: "detached" });
  await focused("Settings");
  await retries.fill("5");
  await save.press("Enter");
  await page.getByText("Not saved yet").waitFor({ state: "detached" });
  await drawn(page);
  await focused("Save");
  const toast = page.getByRole("log").getByRole("button", { name: "Close this message" }).first();
  await toast.focus();
  await page.clock.fastForward(TOAST_MS);
  await drawn(page);
  await focused("Close this message");
  await toast.press("Enter");
  await focused("Settings");
}

/** What is typed while the answer is on its way is not saved, and not lost. */
async function typedWhileSaved(page, save) {
  let answer = () => {};
  const answered = new Promise((resolve) => (answer = resolve));
  await page.route("**/api/settings", async (route) => (await answered, route.fallback()), { times: 1 });
  const retries = page.getByRole("textbox", { name: /^Retries/ });
  await page.getByRole("textbox", { name: /^Fetched in parts from/ }).fill("64MiB");
  await save.click();
  await retries.fill("9");
  assert.equal(await save.getAttribute("aria-disabled"), "true");
  answer();
  await page.waitForFunction(() => document.getElementById("multipartThreshold").value === "64MiB" && document.querySelector("form .primary").ariaDisabled !== "true");
  assert.equal(await retries.inputValue(), "9");
  await page.getByText("Not saved yet").waitFor();
}

await withPage(async (page) => {
  const settings = () => api(page, "GET", "settings");
  const { maxActive } = await settings();
  const save = page.getByRole("button", { name: "Save", exact: true });
  await page.route("**/api/settings", (route) => route.fulfill({ status: 503, json: { error: "Not now", details: "" } }), { times: 1 });
  await open(page, "settings", "text=Not now");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.waitForSelector("form");
  await check(page, "settings");
  await theFocusIsKept(page, save);
  await savedThoughNotReadAgain(page, save);
  const jobs = page.getByRole("textbox", { name: /^Jobs that run at a time/ });
  const token = page.getByRole("textbox", { name: /^Token of the Hub/ });
  await jobs.fill("7");
  await token.fill(TOKEN);
  await save.click();
  await page.getByText("Not saved yet").waitFor({ state: "detached" });
  assert.equal((await settings()).maxActive, 7);
  assert.equal(await token.inputValue(), "");
  assert.ok(!(await page.content()).includes(TOKEN));
  await page.getByRole("button", { name: "Jobs that run at a time: back to the default" }).click();
  await page.getByText("Not saved yet").waitFor();
  assert.equal((await settings()).maxActive, 7, "a default is a change that has to be saved");
  await check(page, "a default that is not saved yet");
  await save.click();
  await page.waitForFunction((value) => document.getElementById("maxActive").value === value, String(maxActive));
  assert.equal((await settings()).maxActive, maxActive);
  await page.getByRole("textbox", { name: /^Fetched in parts from/ }).fill("many");
  await save.click();
  const refused = await page.request.post(`${base}api/settings`, { data: { multipartThreshold: "many" } });
  const { details } = await refused.json();
  await page.getByText(details.replace(/^multipartThreshold: /, "")).first().waitFor();
  await check(page, "refused setting");
  await typedWhileSaved(page, save);
}, { isExpected: (text) => text.includes("status of"), prepare: (page) => page.clock.install() });
