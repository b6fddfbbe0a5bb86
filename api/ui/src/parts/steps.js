// What can be done to a job in its state.
import { html } from "../html.js";
import { post, remove } from "../api.js";
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
  const path = `api/jobs/${job.id}`;
  const removes = job.kind === "remove" || job.kind === "prune";
  const steps = [];
  if (job.status === "running" && !removes) steps.push({ title: "Pause", run: () => post(`${path}/pause`) });
  if (job.status === "paused") steps.push({ title: "Resume", run: () => post(`${path}/resume`) });
  if (["queued", "running", "paused"].includes(job.status) && !(removes && job.status === "running")) {
    steps.push({ title: "Cancel", run: () => remove(path), danger: true });
  }
  if (job.status === "failed" || job.status === "cancelled") steps.push({ title: "Retry", run: () => post(`${path}/retry`) });
  if (["completed", "failed", "cancelled"].includes(job.status)) {
    steps.push({ title: "Dismiss", run: () => post(`${path}/dismiss`) });
  }
  return html`<span class="row steps">
    ${steps.map(
      ({ title, run, danger }) => html`<button type="button" key=${title} class=${danger ? "danger" : ""}
        aria-label=${`${title} ${job.repo}`} onClick=${() => telling(run)}>${title}</button>`,
    )}
  </span>`;
}
