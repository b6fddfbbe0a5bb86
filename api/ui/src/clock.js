// The service's clock: that of a browser may be wrong, and what the service tells is measured by its own.
import { signal } from "./html.js";

/** Answers tell whole seconds, and take a while to come: so much is no difference. */
const MOST_ERROR_MS = 2000;
const SLOW_MS = 10_000;

/** By how much the service's clock is ahead of the browser's, in milliseconds. */
let ahead = 0;

/** Raised now and then, for what tells how long ago something was. */
export const slowTick = signal(0);

/** The service's time in milliseconds. */
export const now = () => Date.now() + ahead;

/** Takes the time over from an answer. @param {string | null} date its header, if there is one */
export function correct(date) {
  const seen = Date.parse(date ?? "") - Date.now();
  if (Math.abs(seen - ahead) <= MOST_ERROR_MS || Number.isNaN(seen)) return;
  ahead = seen;
  slowTick.value += 1;
}

setInterval(() => {
  slowTick.value += 1;
}, SLOW_MS);
