// Jobs that report many times a second keep the page responsive, and its memory as it is.
import assert from "node:assert/strict";
import { open, withPage } from "./page.mjs";
import { LONG_MS, longestTask, memory } from "./tasks.mjs";

const JOBS = Number(process.argv[3]);
const UPDATES = 300;
const LEAST_RATE = 30;
/** Whoever keeps the updates has 400 KB more after so many, each time; a browser that still learns the page only now and then. */
const MOST_GROWTH = 200_000;
const TIMES = 3;
const SILENCE_MS = 5000;

let updates = 0;
await withPage(async (page) => {
  const untilMore = async (count) => {
    const wanted = updates + count;
    const begun = performance.now();
    for (let seen = updates, since = begun; updates < wanted; await page.waitForTimeout(10)) {
      if (updates > seen) [seen, since] = [updates, performance.now()];
      assert.ok(performance.now() - since < SILENCE_MS, "no more updates come: the jobs have ended");
    }
    return count / ((performance.now() - begun) / 1000);
  };
  await open(page, "jobs", `text=${JOBS} jobs not ended`);
  await page.waitForFunction((jobs) => document.querySelector("[aria-setsize]")?.ariaSetSize === String(jobs), JOBS);
  await untilMore(UPDATES);
  let rate = 0;
  const longest = await longestTask(page, async () => {
    rate = await untilMore(UPDATES);
  });
  const seen = [await memory(page)];
  for (let time = 0; time < TIMES; time += 1) {
    await untilMore(UPDATES);
    seen.push(await memory(page));
  }
  const growth = (what) => Math.min(...seen.slice(1).map((after, index) => after[what] - seen[index][what]));
  assert.ok(rate >= LEAST_RATE, `${rate} updates a second`);
  assert.ok(longest < LONG_MS, `a task of ${longest} ms`);
  assert.ok(growth("bytes") < MOST_GROWTH, `each time ${growth("bytes")} bytes more: ${JSON.stringify(seen)}`);
  assert.ok(growth("nodes") < 100, `each time ${growth("nodes")} nodes more: ${JSON.stringify(seen)}`);
  console.log(JSON.stringify({ rate, longest, seen }));
}, {
  prepare: (page) => page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => { updates += String(payload).startsWith('{"type":"job_update"') ? 1 : 0; })),
});
