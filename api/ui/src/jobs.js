// What the page knows of jobs: the truth is the service's, told by messages. What an update costs does not depend on how many
// jobs there are.
import { batch, signal } from "./html.js";

/** @typedef {import("./types").Job} Job */
/** @typedef {import("./html.js").Signal<Job>} JobSignal */
/** @typedef {{ job: JobSignal, filesChanged: import("./html.js").Signal<number> }} Known */
/** @typedef {{ jobs: number, live: number, running: number, queued: number, leftBytes: number, bytesPerSecond: number }} Sums */

/** How many of the last seconds a chart of rates shows. */
export const CHART_SECONDS = 60;

/** The states in which a job has ended. */
export const ENDED = /** @type {const} */ (["completed", "failed", "cancelled"]);

/** Each job by its id, so that a message redraws its own job only. @type {Map<string, Known>} */
const byId = new Map();

/** Rates of the last seconds of each running job, newest last. @type {Map<string, number[]>} */
const rates = new Map();

/** Ids of jobs that went while others are read, for each who reads. @type {Set<Set<string>>} */
const gone = new Set();

/** Ids of the jobs of the first message, without those that went since. @type {Set<string>} */
let first = new Set();

/** Ids of jobs that an earlier connection told of, and the present one has not yet. @type {Set<string>} */
let doubtful = new Set();

/** @type {Sums} */
let counted = { jobs: 0, live: 0, running: 0, queued: 0, leftBytes: 0, bytesPerSecond: 0 };

/** Ids, newest first. @type {import("./html.js").Signal<string[]>} */
export const ids = signal([]);

/** What the jobs come to together; bytes are those of jobs that run. */
export const sums = signal(counted);

/** Raised when a job begins, ends or waits: what shows only some states has to look anew. */
export const statuses = signal(0);

/** Raised each second, for what shows time or rates. */
export const tick = signal(0);

/** @param {string} id */
export const job = (id) => byId.get(id)?.job;

/** How often a job's files had to be read anew. @param {string} id */
export const filesChanged = (id) => byId.get(id)?.filesChanged;

/** @param {Job} one */
export const isEnded = ({ status }) => ENDED.some((one) => one === status);

/** @param {string} id */
export const ratesOf = (id) => rates.get(id) ?? [];

/** Begins anew with the jobs of a first message. Others stay in sight until it is known of them, too. @param {Job[]} jobs newest first */
export function reset(jobs) {
  batch(() => {
    const present = new Set(jobs.map((one) => one.id));
    const others = ids.peek().filter((id) => !present.has(id));
    for (const one of jobs) put(one);
    for (const known of byId.values()) known.filesChanged.value += 1;
    first = present;
    doubtful = new Set(others);
    ids.value = newestFirst([...present, ...others]);
    sums.value = counted;
  });
}

/** How many jobs of the first message there still are. */
export const toldAtFirst = () => first.size;

/** Forgets the jobs of which nothing has told since the last `reset`. */
export function settle() {
  batch(() => {
    for (const id of doubtful) forget(id);
    ids.value = ids.value.filter((id) => byId.has(id));
    sums.value = counted;
  });
}

/**
 * Takes over what messages have told.
 * @param {Iterable<Job>} jobs changed or new ones, oldest first
 * @param {Set<string>} removed ids of those that are gone
 * @param {Iterable<string>} files ids of those whose files have to be read anew
 */
export function update(jobs, removed, files) {
  batch(() => {
    const added = [];
    for (const one of jobs) if (put(one)) added.unshift(one.id);
    for (const id of removed) {
      forget(id);
      for (const kept of gone) kept.add(id);
    }
    if (removed.size) ids.value = ids.value.filter((id) => byId.has(id));
    if (added.length) ids.value = newestFirst([...added.filter((id) => byId.has(id)), ...ids.value]);
    for (const id of files) {
      const known = byId.get(id);
      if (known) known.filesChanged.value += 1;
    }
    sums.value = counted;
  });
}

/** Takes over jobs that no message has told of: what one told is newer. @param {Job[]} found */
export function learn(found) {
  batch(() => {
    const isGone = (/** @type {string} */ id) => [...gone].some((kept) => kept.has(id));
    const news = found.filter(({ id }) => !isGone(id) && (!byId.has(id) || doubtful.has(id)));
    const added = [];
    for (const one of news) if (put(one)) added.push(one.id);
    if (added.length) ids.value = newestFirst([...ids.value, ...added]);
    sums.value = counted;
  });
}

/**
 * Reads jobs. Those that go meanwhile are not learned, for an answer may be older.
 * @template T
 * @param {() => Promise<T>} work
 */
export async function reading(work) {
  /** @type {Set<string>} */
  const kept = new Set();
  gone.add(kept);
  try {
    return await work();
  } finally {
    gone.delete(kept);
  }
}

/** Jobs of one second stay as they are. @param {string[]} all ids of known jobs */
function newestFirst(all) {
  const created = (/** @type {string} */ id) => byId.get(id)?.job.peek().createdAt ?? "";
  return all.sort((a, b) => (created(a) > created(b) ? -1 : created(a) < created(b) ? 1 : 0));
}

/** @param {Job} one @returns {boolean} whether it is new */
function put(one) {
  doubtful.delete(one.id);
  const known = byId.get(one.id);
  const before = known?.job.peek();
  if (before) count(before, -1);
  count(one, 1);
  if (before?.status !== one.status) statuses.value += 1;
  if (known) known.job.value = one;
  else byId.set(one.id, { job: signal(one), filesChanged: signal(0) });
  return !known;
}

/** @param {string} id */
function forget(id) {
  const known = byId.get(id);
  if (!known) return;
  count(known.job.peek(), -1);
  first.delete(id);
  doubtful.delete(id);
  byId.delete(id);
  rates.delete(id);
}

/** @param {Job} one @param {1 | -1} sign */
function count(one, sign) {
  const isRunning = one.status === "running";
  const { totalBytes, downloadedBytes, bytesPerSecond } = one.progress;
  counted = {
    jobs: counted.jobs + sign,
    live: counted.live + (isEnded(one) ? 0 : sign),
    running: counted.running + (isRunning ? sign : 0),
    queued: counted.queued + (one.status === "queued" ? sign : 0),
    leftBytes: counted.leftBytes + (isRunning ? sign * (totalBytes - downloadedBytes) : 0),
    bytesPerSecond: counted.bytesPerSecond + (isRunning ? sign * bytesPerSecond : 0),
  };
  if (!isRunning) rates.delete(one.id);
  else if (!rates.has(one.id)) rates.set(one.id, []);
}

setInterval(() => {
  for (const [id, seen] of rates) {
    const one = byId.get(id)?.job.peek();
    if (one) rates.set(id, [...seen, one.progress.bytesPerSecond].slice(-CHART_SECONDS));
  }
  tick.value += 1;
}, 1000);
