import assert from "node:assert/strict";
import { test } from "node:test";
import { patiently } from "../../../api/ui/src/patience.js";

/** Does what fails as told and then succeeds; returns the pauses, and the failures that were told of. */
async function run(t, ...failures) {
  const pauses = [];
  t.mock.method(globalThis, "setTimeout", (work, pause) => {
    pauses.push(pause);
    queueMicrotask(work);
  });
  const told = [];
  const work = async () => {
    const status = failures.shift();
    if (status !== undefined) throw { status };
  };
  await patiently(work, new AbortController().signal, ({ status }) => told.push(status));
  return { pauses, told, left: failures };
}

test("what may pass is tried again after growing pauses, and told once", async (t) => {
  assert.deepEqual(await run(t, 503, 0, 429, 500, 500, 500, 500), {
    pauses: [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000], told: [503], left: [],
  });
});

test("what does not pass ends it and is told", async (t) => {
  assert.deepEqual(await run(t, 503, 404, 503), { pauses: [1000], told: [503, 404], left: [503] });
});
