import assert from "node:assert/strict";
import { test } from "node:test";

// Rates are noted as long as the page is open.
globalThis.setInterval = () => 0;
const jobs = await import("../../../api/ui/src/jobs.js");

const job = (id, second, status = "completed") => ({
  id, status, createdAt: `2026-01-01T00:00:0${second}Z`, progress: { totalBytes: 0, downloadedBytes: 0, bytesPerSecond: 0 },
});

test("jobs that no message told of go where their creation says, and older news changes nothing", () => {
  jobs.reset([job("d", 4), job("b", 2)]);
  jobs.learn([job("d", 4, "running"), job("c", 3), job("a", 1)]);
  assert.deepEqual(jobs.ids.value, ["d", "c", "b", "a"]);
  assert.equal(jobs.job("d").value.status, "completed");
  jobs.update([job("e", 2, "failed"), job("f", 5)], new Set(["b"]), []);
  assert.deepEqual(jobs.ids.value, ["f", "d", "c", "e", "a"]);
  assert.equal(jobs.sums.value.jobs, 5);
});

test("a job that went while others were read does not come back, whoever else has read since", async () => {
  jobs.reset([job("a", 1)]);
  jobs.settle();
  await jobs.reading(async () => {
    await jobs.reading(async () => jobs.update([], new Set(["a", "b"]), []));
    jobs.learn([job("a", 1), job("b", 1), job("c", 1)]);
  });
  assert.deepEqual(jobs.ids.value, ["c"]);
});

test("jobs of an earlier connection stay in sight until it is known what became of them", () => {
  jobs.reset([job("c", 3), job("b", 2, "running"), job("a", 1)]);
  jobs.settle();
  jobs.reset([job("d", 4)]);
  assert.deepEqual(jobs.ids.value, ["d", "c", "b", "a"]);
  jobs.learn([job("b", 2)]);
  jobs.update([job("a", 1, "failed")], new Set(), []);
  assert.equal(jobs.job("b").value.status, "completed");
  jobs.settle();
  assert.deepEqual([jobs.ids.value, jobs.sums.value.jobs], [["d", "b", "a"], 3]);
});
