// What the page knows of jobs: the truth is the service's, told by messages.
import { batch, computed, signal } from "./html.js";

/** @typedef {import("./types").Job} Job */
/** @typedef {import("./html.js").Signal<Job>} JobSignal */

/** How many of the last seconds a chart of rates shows. */
export const CHART_SECONDS = 60;

/** Each job by its id, so that a message redraws its own job only. @type {Map<string, JobSignal>} */
const byId = new Map();

/** Rates of the last seconds, newest last. @type {Map<string, number[]>} */
const rates = new Map();

/** Rates of all jobs together in the last seconds, newest last. @type {number[]} */
let total = [];

/** Ids, newest first. @type {import("./html.js").Signal<string[]>} */
export const ids = signal([]);

/** Raised each second, for what shows time or rates. */
export const tick = signal(0);

/** Jobs whose files have to be read anew: id → how often. @type {import("./html.js").Signal<Record<string, number>>} */
export const filesChanged = signal({});

/** @param {string} id */
export const job = (id) => byId.get(id);

/** @param {string} id */
export const ratesOf = (id) => rates.get(id) ?? [];

export const totalRates = () => total;

/** All jobs, newest first. */
export const all = computed(() => ids.value.flatMap((id) => byId.get(id)?.value ?? []));

/** Takes the place of all that was known. @param {Job[]} jobs newest first */
export function reset(jobs) {
  batch(() => {
    const known = new Set(jobs.map((one) => one.id));
    for (const id of byId.keys()) if (!known.has(id)) forget(id);
    for (const one of jobs) put(one);
    ids.value = jobs.map((one) => one.id);
    filesChanged.value = Object.fromEntries(jobs.map((one) => [one.id, (filesChanged.value[one.id] ?? 0) + 1]));
  });
}

/** Takes over what messages told since the last frame. @param {Iterable<Job>} jobs */
export function update(jobs) {
  batch(() => {
    const added = [];
    for (const one of jobs) if (put(one)) added.unshift(one.id);
    if (added.length) ids.value = [...added, ...ids.value];
  });
}

/** @param {string} id */
export function removed(id) {
  forget(id);
  ids.value = ids.value.filter((other) => other !== id);
}

/** @param {string} id */
export function noteFilesChanged(id) {
  filesChanged.value = { ...filesChanged.value, [id]: (filesChanged.value[id] ?? 0) + 1 };
}

/** @param {Job} one @returns {boolean} whether it is new */
function put(one) {
  const known = byId.get(one.id);
  if (known) {
    known.value = one;
    return false;
  }
  byId.set(one.id, signal(one));
  return true;
}

/** @param {string} id */
function forget(id) {
  byId.delete(id);
  rates.delete(id);
}

setInterval(() => {
  let sum = 0;
  for (const [id, one] of byId) {
    if (one.peek().status !== "running") {
      rates.delete(id);
      continue;
    }
    const seen = rates.get(id) ?? [];
    seen.push(one.peek().progress.bytesPerSecond);
    rates.set(id, seen.slice(-CHART_SECONDS));
    sum += one.peek().progress.bytesPerSecond;
  }
  total = [...total, sum].slice(-CHART_SECONDS);
  tick.value += 1;
}, 1000);
