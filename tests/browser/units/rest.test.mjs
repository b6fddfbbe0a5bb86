import assert from "node:assert/strict";
import { test } from "node:test";

// Rates are noted and clocks tick as long as the page is open.
globalThis.setInterval = () => 0;
globalThis.location = { origin: "http://service.example", pathname: "/" };
const jobs = await import("../../../api/ui/src/jobs.js");
const { isBehind, readRest } = await import("../../../api/ui/src/rest.js");

const never = new AbortController().signal;
const job = (id, second, status = "completed", downloadedBytes = 0) => ({
  id, status, createdAt: `2026-01-01T00:00:0${second}Z`, files: [], attempts: 1,
  progress: { totalBytes: 9, downloadedBytes, bytesPerSecond: 0 },
});

/** A service with these jobs, newest first, two a page at most; before each answer messages may tell of others. */
function serve(all, coming = []) {
  const asked = [];
  globalThis.fetch = async (url) => {
    const { limit, cursor, status } = Object.fromEntries(url.searchParams);
    asked.push(url.search);
    jobs.update(coming.shift() ?? [], new Set(), []);
    const found = all.filter((one) => !status || status.split(",").includes(one.status));
    const from = cursor ? found.findIndex(({ id }) => id === cursor) + 1 : 0;
    const page = found.slice(from, from + Math.min(limit, 2));
    const nextCursor = from + page.length < found.length ? page.at(-1).id : null;
    return Response.json({ jobs: page, count: page.length, total: found.length, nextCursor });
  };
  return asked;
}

test("the jobs that a first message left out are read to the last one, though others come meanwhile", async () => {
  const all = [job("e", 5), job("d", 4), job("c", 3), job("b", 2), job("a", 1)];
  jobs.reset([job("z", 9), ...all]);
  jobs.reset(all.slice(0, 3));
  // As many as were left out come before it is known how many there are.
  serve(all, [[job("f", 6), job("g", 7)], [], [job("h", 8)]]);
  await readRest(never);
  assert.deepEqual(jobs.ids.value, ["h", "g", "f", "e", "d", "c", "b", "a"]);
});

test("nothing is read when the first message told of all", async () => {
  jobs.reset([job("b", 2), job("a", 1)]);
  const asked = serve([job("b", 2), job("a", 1)]);
  await readRest(never);
  assert.deepEqual([asked.length, jobs.ids.value], [1, ["b", "a"]]);
});

test("the page is behind when the service knows another number, state or progress of jobs, however many wait", async () => {
  const waiting = [job("f", 6, "queued"), job("e", 5, "queued"), job("d", 4, "queued")];
  const known = [...waiting, job("c", 3), job("b", 2, "running", 4), job("a", 1, "failed")];
  const changed = (now) => known.map((one) => (one.id === now.id ? now : one));
  jobs.reset(known);
  jobs.settle();
  for (const [all, expected] of [
    [known, false],
    [[job("g", 7), ...known], true],
    [changed(job("b", 2, "running", 5)), true],
    [changed(job("b", 2, "paused", 4)), true],
    [changed(job("a", 1, "running")), true],
  ]) {
    const asked = serve(all);
    assert.equal(await isBehind(never), expected, JSON.stringify(all));
    assert.equal(asked.length, 2);
  }
});
