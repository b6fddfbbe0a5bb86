// A server that dies and comes back is followed without a reload. Prints what it waits for.
import assert from "node:assert/strict";
import { base, open, withPage } from "./page.mjs";

const isExpected = (text) => /ERR_|WebSocket|Failed to load/.test(text);
await withPage(async (page) => {
  const answer = await page.request.post(`${base}api/download`, { data: { repo: "acme/slow" } });
  const job = await answer.json();
  await open(page, `jobs/${job.id}`, ".card .bar.running");
  await page.evaluate(() => { globalThis.sameDocument = true; });
  console.log("running");
  await page.waitForSelector(".connection.lost");
  console.log("lost");
  await page.waitForSelector(".connection.live");
  console.log("live");
  await page.waitForSelector(".card .bar.completed");
  assert.equal(await page.evaluate(() => globalThis.sameDocument), true);
}, isExpected);
