import assert from "node:assert/strict";
import { test } from "node:test";

// The page's clock ticks as long as the page is open.
globalThis.setInterval = () => 0;
const { correct, now } = await import("../../../api/ui/src/clock.js");
const { ago, share } = await import("../../../api/ui/src/format.js");

test("a share is all only when nothing is left", () => {
  assert.deepEqual([share(0, 3), share(995, 1000), share(1, 1)], ["0 %", "99 %", "100 %"]);
});

test("times are told by the service's clock", () => {
  const hourAhead = new Date(Date.now() + 3_600_000);
  correct(hourAhead.toUTCString());
  assert.equal(ago(new Date(hourAhead - 150_000).toISOString()), "2 min ago");
  const before = now();
  correct(null);
  assert.ok(now() - before < 1000);
});
