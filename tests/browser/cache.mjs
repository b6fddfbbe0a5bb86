// What is in the cache is shown, verified and removed.
import assert from "node:assert/strict";
import { check, open, withPage } from "./page.mjs";

await withPage(async (page) => {
  await open(page, "cache", "td >> text=acme/mistral-GGUF");
  await check(page, "cache");
  await page.click("td a:has-text('acme/mistral-GGUF')");
  await page.waitForSelector("td.good:has-text('complete')");
  await check(page, "details");
  await page.click("button:has-text('Verify')");
  await page.waitForURL(/#\/jobs\//);
  await page.waitForSelector("main >> text=Verification: Completed");
  await open(page, "cache/model/acme%2Fmistral-GGUF", "td.good");
  const remove = "span >> button.danger:has-text('Delete')";
  await page.click(remove);
  await check(page, "question");
  await page.click("dialog >> text=Keep it as it is");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.click(remove);
  await page.click("dialog button.danger");
  await page.waitForSelector("text=The cache is empty");
  assert.match(await page.innerText(".toasts"), /Removed/);
});
