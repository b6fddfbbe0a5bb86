// What messages leave out: the first one of a connection has no room for very many jobs.
import * as jobs from "./jobs.js";
import * as service from "./service.js";

/** @typedef {import("./types").Job} Job */

const PAGE_JOBS = 50;

/** Without files, as in a full first message: whoever opens the job reads them. @param {Job} job @returns {Job} */
const slim = (job) => (jobs.isEnded(job) && job.files.length ? { ...job, files: [], filesTruncated: true } : job);

/** Reads the jobs that the first message did not tell of, if there are any. @param {AbortSignal} abort */
export async function readRest(abort) {
  const end = jobs.keepGone();
  try {
    const { total } = await service.jobs({ limit: 1 }, abort);
    // To the last page: jobs may have come meanwhile.
    let cursor = /** @type {string | null | undefined} */ (jobs.told() < total ? undefined : null);
    while (cursor !== null) {
      const page = await service.jobs({ limit: PAGE_JOBS, cursor }, abort);
      abort.throwIfAborted();
      jobs.learn(page.jobs.map(slim));
      cursor = page.nextCursor;
    }
  } finally {
    end();
    abort.throwIfAborted();
    jobs.settle();
  }
}

/** Whether the service knows jobs otherwise than the page. @param {AbortSignal} abort */
export async function isBehind(abort) {
  const { jobs: [newest], total } = await service.jobs({ limit: 1 }, abort);
  return total !== jobs.sums.peek().jobs || (newest !== undefined && jobs.job(newest.id)?.peek().status !== newest.status);
}
