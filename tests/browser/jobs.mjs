// Jobs are cancelled, retried and dismissed; and the other pages hold, too.
import assert from "node:assert/strict";
import { base, check, open, withPage } from "./page.mjs";

await withPage(async (page) => {
  await page.request.post(`${base}api/download`, { data: { repo: "acme/slow" } });
  await open(page, "jobs", ".job .bar.running");
  await check(page, "jobs");
  await open(page, "cluster", "td >> text=acme/slow");
  await check(page, "cluster");
  await open(page, "jobs", ".job .bar.running");
  await page.click(".steps >> text=Cancel");
  await page.waitForSelector(".job .bar.cancelled");
  await page.click(".steps >> text=Retry");
  await page.waitForSelector(".job .bar.running");
  await page.click(".steps >> text=Cancel");
  await page.waitForSelector(".job .bar.cancelled");
  await page.click(".steps >> text=Dismiss");
  await page.waitForSelector("text=No jobs yet");
  const { count } = await (await page.request.get(`${base}api/jobs`)).json();
  assert.equal(count, 0);
});
