// What messages leave out: the first one of a connection has no room for very many jobs.
import * as jobs from "./jobs.js";
import * as service from "./service.js";

/** @typedef {import("./types").Job} Job */

const PAGE_JOBS = 50;

/** Without files, as in a full first message: whoever opens the job reads them. @param {Job} job @returns {Job} */
const slim = (job) => (jobs.isEnded(job) && job.files.length ? { ...job, files: [], filesTruncated: true } : job);

/** Reads the jobs that are not known. @param {AbortSignal} abort */
export async function readRest(abort) {
  const end = jobs.keepGone();
  try {
    const { total } = await service.jobs({ limit: 1 }, abort);
    /** @type {string | null | undefined} */
    let cursor;
    while (cursor !== null && jobs.sums.peek().jobs < total) {
      const page = await service.jobs({ limit: PAGE_JOBS, cursor }, abort);
      abort.throwIfAborted();
      jobs.learn(page.jobs.map(slim));
      cursor = page.nextCursor;
    }
  } finally {
    end();
  }
}

/** Whether the service knows jobs otherwise than the page. @param {AbortSignal} abort */
export async function isBehind(abort) {
  const { jobs: [newest], total } = await service.jobs({ limit: 1 }, abort);
  return total !== jobs.sums.peek().jobs || (newest !== undefined && jobs.job(newest.id)?.peek().status !== newest.status);
}
