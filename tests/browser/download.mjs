// From a name to a completed job.
import assert from "node:assert/strict";
import { check, withPage } from "./page.mjs";

await withPage(async (page) => {
  await check(page, "start");
  await page.fill("#repo", "acme/mistral-GGUF");
  await page.click("text=Look at it");
  await page.waitForSelector("section[aria-label=Repository]");
  await page.check("label:has-text('Q4_K_M') >> input");
  await check(page, "analysis");
  await page.click("button:has-text('Preview')");
  const preview = await page.innerText("section[aria-label=Preview]");
  assert.match(preview, /mistral\.Q4_K_M\.gguf/);
  assert.doesNotMatch(preview, /Q8_0/);
  await page.click("main button.primary:has-text('Download')");
  await page.waitForURL(/#\/jobs\/[0-9a-f]+/);
  await page.waitForSelector(".card .bar.completed");
  const main = await page.innerText("main");
  assert.match(main, /Completed/);
  assert.match(main, /mistral\.Q4_K_M\.gguf/);
  assert.doesNotMatch(main, /Q8_0/);
  await check(page, "job");
});
