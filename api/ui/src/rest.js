// What messages leave out: the first one of a connection has no room for very many jobs.
import * as jobs from "./jobs.js";
import * as service from "./service.js";

/** @typedef {import("./types").Job} Job */

const PAGE_JOBS = 1_000;
/** How many jobs are compared. Queued ones are none of them: they would fill the answer, for what runs is older. */
const MAX_COMPARED = 5;

/** How many are reading what the first message did not tell of. */
let readers = 0;

/** Reads the jobs that the first message did not tell of, if there are any. @param {AbortSignal} abort */
export async function readRest(abort) {
  readers += 1;
  try {
    await jobs.reading(() => readPages(abort));
  } finally {
    readers -= 1;
  }
}

/** @param {AbortSignal} abort */
async function readPages(abort) {
  const { total } = await service.jobs({ limit: 1 }, abort);
  // Jobs that came since count in the total or not: only as many as the first message told of leave no doubt.
  let cursor = /** @type {string | null | undefined} */ (jobs.toldAtFirst() === total ? null : undefined);
  while (cursor !== null) {
    const page = await service.jobs({ limit: PAGE_JOBS, cursor }, abort);
    abort.throwIfAborted();
    jobs.learn(page.jobs);
    cursor = page.nextCursor;
  }
  abort.throwIfAborted();
  jobs.settle();
}

/**
 * Whether the service knows jobs otherwise than the page: how many, or what has begun. Who still reads is not behind: to begin
 * anew would bring it no further.
 * @param {AbortSignal} abort
 */
export async function isBehind(abort) {
  const all = await service.jobs({ limit: 1 }, abort);
  if (readers) return false;
  const begun = await service.jobs({ status: ["running", "paused"], limit: MAX_COMPARED }, abort);
  const known = jobs.sums.peek();
  const isOther = all.total !== known.jobs || begun.total !== known.live - known.queued;
  return isOther || [...all.jobs, ...begun.jobs].some(isNews);
}

/** Whether a job is known otherwise. @param {Job} job */
function isNews({ id, status, attempts, progress }) {
  const known = jobs.job(id)?.peek();
  return status !== known?.status || attempts !== known.attempts || progress.downloadedBytes !== known.progress.downloadedBytes;
}
