// Names of files and branches that are markup are shown as they are written.
import assert from "node:assert/strict";
import { base, check, open, withPage } from "./page.mjs";

const repo = "acme/hostile";
await withPage(async (page) => {
  const inert = async (where) => {
    assert.equal(await page.evaluate(() => globalThis.hurt), undefined, where);
    assert.equal(await page.locator("main img, main script, main [onerror]").count(), 0, where);
    assert.match(await page.innerText("main"), /<img src=x onerror=window\.hurt=1>/, where);
    // Each is alone in an element that keeps its direction to itself.
    const turned = page.locator("bdi", { hasText: "\u202e" });
    assert.ok((await turned.count()) > 0, where);
  };
  await open(page, `start?repo=${repo}`, "section[aria-label=Repository]");
  assert.ok((await page.locator("option").allInnerTexts()).some((name) => name.includes("<b>")));
  await page.click("summary:has-text('All files')");
  await inert("start");
  await check(page, "start with hostile names");
  const answer = await page.request.post(`${base}api/download`, { data: { repo } });
  const job = await answer.json();
  await open(page, `jobs/${job.id}`, ".card .bar.completed");
  await inert("job");
  await check(page, "job with hostile names");
});
