// What can be done to a job in its state.
import { html } from "../html.js";
import * as service from "../service.js";
import { focusHeading } from "./heading.js";
import { telling } from "./toasts.js";

/** @typedef {import("../types").Job} Job */

const WORDS = {
  queued: "Queued",
  running: "Running",
  paused: "Paused",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
};
const KINDS = { download: "", verify: "Verification: ", remove: "Removal: ", prune: "Clearing: " };

/** A job's state in words. @param {Job} job */
export function statusWord(job) {
  const place = job.status === "queued" && job.position ? ` (place ${job.position})` : "";
  return `${KINDS[job.kind] ?? ""}${WORDS[job.status]}${place}`;
}

/** @param {{ job: Job }} props */
export function Steps({ job }) {
  const removes = job.kind === "remove" || job.kind === "prune";
  const steps = [];
  if (job.status === "running" && !removes) steps.push({ title: "Pause", run: () => service.pause(job.id) });
  if (job.status === "paused") steps.push({ title: "Resume", run: () => service.resume(job.id) });
  if (["queued", "running", "paused"].includes(job.status) && !(removes && job.status === "running")) {
    steps.push({ title: "Cancel", run: () => service.cancel(job.id), danger: true });
  }
  if (job.status === "failed" || job.status === "cancelled") steps.push({ title: "Retry", run: () => service.retry(job.id) });
  if (["completed", "failed", "cancelled"].includes(job.status)) {
    steps.push({ title: "Dismiss", run: () => service.dismiss(job.id).then(focusHeading) });
  }
  return html`<span class="row steps">
    ${steps.map(
      // By place, so that the focus stays when a step takes the place of another.
      ({ title, run, danger }, index) => html`<button type="button" key=${index} class=${danger ? "danger" : ""}
        aria-label=${`${title} ${job.repo}`} onClick=${() => telling(/** @type {() => Promise<unknown>} */ (run))}>${title}</button>`,
    )}
  </span>`;
}
