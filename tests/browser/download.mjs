// From a name to a completed job.
import assert from "node:assert/strict";
import { check, withPage } from "./page.mjs";

/** The answer to a preview comes when something else is chosen. */
async function noPreviewOfAnOlderChoice(page) {
  const other = page.getByRole("checkbox", { name: "Q8_0" });
  await page.route("**/api/plan", async (route) => {
    const response = await route.fetch();
    await other.check();
    await route.fulfill({ response });
  }, { times: 1 });
  const answered = page.waitForEvent("requestfinished", (request) => request.url().endsWith("/api/plan"));
  await page.getByRole("button", { name: "Preview" }).click();
  await answered;
  // Whatever came of the answer is drawn by then.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 50))));
  assert.equal(await page.getByRole("region", { name: "Preview" }).count(), 0);
  await other.uncheck();
}

/** What is said of the download stays at another revision and back, and the panel of filters stays open while it is typed in. */
async function optionsGoAlong(page) {
  const filters = page.getByRole("textbox", { name: "Take also what matches" });
  const excludes = page.getByRole("textbox", { name: "Leave out what matches" });
  const priority = page.getByRole("combobox", { name: "Priority" });
  const revision = page.getByLabel("Revision");
  await page.getByText("Filters and priority").click();
  await filters.fill("*.txt");
  await filters.fill("");
  await filters.fill("*.txt");
  await excludes.fill("*Q8*");
  await priority.selectOption("low");
  await revision.selectOption("next");
  await page.getByRole("checkbox", { name: "Q5_K_M" }).waitFor();
  assert.match(await filters.inputValue(), /\*\.txt$/);
  assert.deepEqual([await excludes.inputValue(), await priority.inputValue()], ["*Q8*", "low"]);
  await revision.selectOption("main");
  await page.getByRole("checkbox", { name: "Q4_K_M", checked: true }).waitFor();
  assert.equal(await filters.inputValue(), "*.txt");
  assert.deepEqual([await excludes.inputValue(), await priority.inputValue()], ["*Q8*", "low"]);
  await filters.fill("");
  await excludes.fill("");
}

/** What was said of one repository does not go to another when the revision between them could not be looked at. */
async function optionsStayWithTheRepository(page) {
  const look = page.getByRole("button", { name: "Look at it" });
  const name = page.getByRole("textbox", { name: "Which model or dataset?" });
  const excludes = page.getByRole("textbox", { name: "Leave out what matches" });
  await page.goto(new URL("#/start?repo=acme/mistral-GGUF", page.url()).href);
  await page.getByText("Filters and priority").click();
  await excludes.fill("*Q8*");
  await page.route("**/api/analyze/**", (route) => route.fulfill({ status: 404, json: {} }), { times: 1 });
  const refused = page.waitForResponse((answer) => answer.url().includes("/api/analyze/") && answer.status() === 404);
  await page.getByLabel("Revision").selectOption("next");
  await refused;
  await name.fill("acme/small");
  await look.click();
  await page.getByRole("heading", { name: "acme/small" }).waitFor();
  // Its panel is closed.
  assert.equal(await page.locator("#excludes").inputValue(), "");
}

/** Where what has the focus goes, be it for another try or another repository, the heading gets it. */
async function focusIsNotLost(page) {
  const again = page.getByRole("button", { name: "Try again" });
  const isKept = () => page.waitForFunction(() => document.activeElement?.matches("h1"));
  await page.route("**/api/analyze/**", (route) => route.fulfill({ status: 404, json: {} }), { times: 2 });
  await page.goto(new URL("#/start?repo=acme/mistral-GGUF", page.url()).href);
  await again.press("Enter");
  await isKept();
  await again.focus();
  await page.goBack();
  await page.getByRole("heading", { name: "acme/small" }).waitFor();
  await isKept();
}

await withPage(async (page) => {
  await check(page, "start");
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByRole("alert").getByText("Type the name of a repository").waitFor();
  await check(page, "start without a name");
  await page.getByRole("textbox", { name: "Which model or dataset?" }).fill("acme/nothing");
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByText("Repository not found").waitFor();
  await check(page, "start with an error");
  await page.getByRole("textbox", { name: "Which model or dataset?" }).fill("acme/mistral-GGUF");
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByRole("region", { name: "Repository" }).waitFor();
  await page.getByRole("checkbox", { name: "Q4_K_M" }).check();
  await check(page, "analysis");
  await noPreviewOfAnOlderChoice(page);
  await optionsGoAlong(page);
  await page.getByRole("button", { name: "Preview" }).click();
  const preview = await page.getByRole("region", { name: "Preview" }).innerText();
  assert.match(preview, /mistral\.Q4_K_M\.gguf/);
  assert.doesNotMatch(preview, /Q8_0/);
  await check(page, "preview");
  await page.getByRole("button", { name: "Download", exact: true }).click();
  await page.waitForURL(/#\/jobs\/[0-9a-f]+/);
  await page.getByText(/^Completed/).waitFor();
  await page.getByText("mistral.Q4_K_M.gguf").waitFor();
  assert.equal(await page.getByRole("progressbar", { name: "Progress of the job" }).getAttribute("aria-valuenow"), "100");
  assert.doesNotMatch(await page.getByRole("main").innerText(), /Q8_0/);
  await check(page, "job");
  await optionsStayWithTheRepository(page);
  await focusIsNotLost(page);
}, { isExpected: (text) => text.includes("status of 404") });
