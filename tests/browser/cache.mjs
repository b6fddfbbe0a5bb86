// What is in the cache is shown, verified, cleared up and removed. Prints what it waits for.
import assert from "node:assert/strict";
import { check, open, withPage } from "./page.mjs";

const MODEL = "acme/mistral-GGUF";

/** What is left is told, and the jobs that go on. */
async function notAllIsCleared(page, clear) {
  const answer = { success: false, message: "0 B freed", dryRun: false, freedBytes: 0, removed: [], unused: [], failures: ["model acme/busy: Repository in use"] };
  await page.route("**/api/cache/prune", (route) => route.fulfill({ status: 202, json: { ...answer, pending: ["0123456789ab"] } }), { times: 1 });
  await clear.click();
  const left = page.getByRole("dialog", { name: "Not everything is cleared" });
  await left.getByText("Repository in use").waitFor();
  await left.getByRole("link", { name: "0123456789ab" }).waitFor();
  await check(page, "not all is cleared");
  await left.getByRole("button", { name: "Close" }).click();
  await left.waitFor({ state: "detached" });
}

await withPage(async (page) => {
  const link = page.getByRole("cell").getByRole("link", { name: MODEL });
  await open(page, "cache", "table");
  await link.waitFor();
  await check(page, "cache");
  await page.getByRole("searchbox", { name: "Search the cache" }).fill("nothing");
  await page.getByText("Nothing matches.").waitFor();
  await page.getByRole("searchbox", { name: "Search the cache" }).fill("MISTRAL");
  await page.getByRole("button", { name: "Clear up" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("20 B", { exact: true }).waitFor();
  await check(page, "clearing up");
  const clear = dialog.getByRole("button", { name: "Clear up" });
  await notAllIsCleared(page, clear);
  await page.getByRole("button", { name: "Clear up" }).click();
  await clear.click();
  await page.getByRole("log").getByText("The cache is cleared").waitFor();
  await link.click();
  await page.getByRole("cell", { name: "complete", exact: true }).waitFor();
  await check(page, "details");
  await page.route(/revision=/, (route) => route.fulfill({ status: 503, json: { error: "Not now", details: "" } }), { times: 1 });
  await page.getByText("main: 3 files").click();
  await page.getByText("Not now").waitFor();
  await page.getByRole("button", { name: "Try again" }).press("Enter");
  await page.getByText("mistral.Q4_K_M.gguf").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.nodeName), "SUMMARY");
  // Another revision has the same contents.
  await open(page, `start?repo=${MODEL}&revision=next`, "section[aria-label=Repository]");
  await page.getByText("The whole repository: 2.00 MiB, 2 B to fetch").waitFor();
  await open(page, `cache/model/${encodeURIComponent(MODEL)}`, "table");
  await page.getByRole("button", { name: "Verify" }).click();
  await page.waitForURL(/#\/jobs\//);
  await page.getByText("Verification: Completed").waitFor();
  await check(page, "verification");
  await open(page, `cache/model/${encodeURIComponent(MODEL)}`, "table");
  const remove = page.getByRole("button", { name: /^Delete …$/ }).first();
  await remove.click();
  await check(page, "question");
  await dialog.getByRole("button", { name: "Keep it as it is" }).click();
  await dialog.waitFor({ state: "detached" });
  await remove.click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByText("The cache is empty").waitFor();
  assert.match(await page.getByRole("log").innerText(), /removed/);
  await check(page, "empty cache");
}, { isExpected: (text) => text.includes("status of 503") });
