// Jobs that report many times a second keep the page responsive, and its memory as it is.
import assert from "node:assert/strict";
import { open, withPage } from "./page.mjs";
import { LONG_MS, longestTask, memory } from "./tasks.mjs";

const JOBS = Number(process.argv[3]);
const UPDATES = 400;
const LEAST_RATE = 60;
/** What keeps the updates would have half a megabyte more after so many. */
const MOST_GROWTH = 256 << 10;

let updates = 0;
await withPage(async (page) => {
  const untilMore = async (count) => {
    const wanted = updates + count;
    const begun = performance.now();
    while (updates < wanted) await page.waitForTimeout(10);
    return count / ((performance.now() - begun) / 1000);
  };
  await open(page, "jobs", `text=${JOBS} jobs not ended`);
  await page.waitForFunction((jobs) => document.querySelector("[aria-setsize]")?.ariaSetSize === String(jobs), JOBS);
  await untilMore(UPDATES);
  const before = await memory(page);
  let rate = 0;
  const longest = await longestTask(page, async () => {
    rate = await untilMore(UPDATES);
  });
  const after = await memory(page);
  console.log(JSON.stringify({ rate, longest, before, after }));
  assert.ok(rate >= LEAST_RATE, `${rate} updates a second`);
  assert.ok(longest < LONG_MS, `a task of ${longest} ms`);
  assert.ok(after.bytes - before.bytes < MOST_GROWTH, `${after.bytes - before.bytes} bytes more`);
  assert.ok(after.nodes - before.nodes < 200, `${after.nodes - before.nodes} nodes more`);
}, {
  prepare: (page) => page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => { updates += String(payload).startsWith('{"type":"job_update"') ? 1 : 0; })),
});
