// What messages tell of jobs, taken over once a frame: many messages cost one drawing.
import * as jobs from "./jobs.js";

/** @typedef {import("./types").Job} Job */

/** How often a page in the background, which is not drawn, takes over what has come. */
const HIDDEN_MS = 1000;

/** The last state of each job since then. @type {Map<string, Job>} */
const updates = new Map();
/** @type {Set<string>} */
const removed = new Set();
/** Jobs whose files have to be read anew. @type {Set<string>} */
const files = new Set();
let scheduled = false;

/** @param {string} type @param {any} data */
export function take(type, data) {
  if (type === "init") {
    forget();
    jobs.reset(data.jobs);
    return;
  }
  if (type === "job_update") {
    removed.delete(data.id);
    updates.set(data.id, merged(updates.get(data.id), data));
  } else if (data.event === "job_removed") {
    updates.delete(data.jobId);
    removed.add(data.jobId);
  } else if (data.event === "files_changed") {
    files.add(data.jobId);
  }
  schedule();
}

/** Of a job with many files each message holds only those that have changed, so none of them may be dropped.
 * @param {Job | undefined} before @param {Job} job @returns {Job} */
function merged(before, job) {
  if (!before?.filesTruncated || !job.filesTruncated) return job;
  return { ...job, files: [...before.files, ...job.files] };
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  if (document.hidden) setTimeout(flush, HIDDEN_MS);
  else requestAnimationFrame(flush);
}

function flush() {
  scheduled = false;
  if (updates.size || removed.size || files.size) jobs.update(updates.values(), removed, files);
  forget();
}

function forget() {
  updates.clear();
  removed.clear();
  files.clear();
}

// A frame that was waited for when the page went into the background does not come.
document.addEventListener("visibilitychange", flush);
