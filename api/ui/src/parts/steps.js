// What can be done to a job in its state.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import * as service from "../service.js";
import { bytes } from "../format.js";
import { changing } from "../live.js";
import { Confirm } from "./confirm.js";
import { focusHeading, saveFocus } from "./heading.js";
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

/** Places that the service tells as they change (docs/api.md); those behind them it does not. */
const TOLD_PLACES = 50;

/** A repository, and whether it is a dataset: a model may have the same name. @param {Job} job */
export const nameOf = ({ repo, isDataset }) => `${repo}${isDataset ? " (dataset)" : ""}`;

/** Whether a job is bound to a revision. @param {Job} job */
export const hasRevision = ({ kind }) => kind === "download" || kind === "remove";

/** A job's state in words. @param {Job} job */
export function statusWord(job) {
  const place = job.status === "queued" && job.position ? ` (place ${job.position > TOLD_PLACES ? `after ${TOLD_PLACES}` : job.position})` : "";
  return `${KINDS[job.kind] ?? ""}${WORDS[job.status]}${place}`;
}

/** @typedef {{ title: string, action: string, text: string }} Question before something is lost; the text is said of the repository */
/** @typedef {{ title: string, run: () => unknown, danger?: boolean, question?: Question | false }} Step */

/** @param {() => Promise<unknown>} work */
const step = (work) => telling(() => changing(work));

/** Such a job takes things out of the cache, and has no files. @param {Job} job */
export const removes = ({ kind }) => kind === "remove" || kind === "prune";

/** What can be done to a job now. @param {Job} job @returns {Step[]} */
function stepsOf(job) {
  /** @type {Step[]} */
  const steps = [];
  if (job.status === "running" && !removes(job)) steps.push({ title: "Pause", run: () => step(() => service.pause(job.id)) });
  if (job.status === "paused") steps.push({ title: "Resume", run: () => step(() => service.resume(job.id)) });
  if (["queued", "running", "paused"].includes(job.status) && !(removes(job) && job.status === "running")) {
    // Not by what has arrived: that begins at zero again after each plan, until the workers have told what is there.
    const isLoss = job.kind === "download" && job.startedAt !== null;
    const text = `${bytes(job.progress.downloadedBytes)} have arrived. Files that are complete stay in the cache; parts of others that have arrived are removed, unless another job wants them.`;
    const question = isLoss && { title: "Cancel this download?", action: "Cancel it", text };
    steps.push({ title: "Cancel", run: () => step(() => service.cancel(job.id)), danger: true, question });
  }
  if (job.status === "failed" || job.status === "cancelled") {
    const text = "all that this job was to remove goes from the cache, also what was downloaded since.";
    const question = job.kind === "remove" && { title: "Remove it once more?", action: "Remove it", text };
    steps.push({ title: "Retry", run: () => step(() => service.retry(job.id)), question });
  }
  if (["completed", "failed", "cancelled"].includes(job.status)) {
    steps.push({ title: "Dismiss", run: () => step(() => service.dismiss(job.id)) });
  }
  return steps;
}

/** @param {{ job: Job }} props */
export function Steps({ job }) {
  /** The title of the step that is asked about. */
  const [asked, setAsked] = useState("");
  const row = useRef(/** @type {HTMLSpanElement | null} */ (null));
  const steps = stepsOf(job);
  // What ended meanwhile is not asked about again when it goes on.
  const doubtful = steps.find(({ title }) => title === asked);
  useEffect(() => {
    if (!doubtful) setAsked("");
  }, [!doubtful]);
  const hadFocus = row.current?.contains(document.activeElement) ?? false;
  useEffect(() => {
    if (hadFocus && document.activeElement === document.body) focusName(row.current);
  });
  // With its row: before whoever dismissed the job has the answer, or by somebody else.
  useLayoutEffect(() => {
    const gone = row.current?.closest("article") ?? row.current;
    return () => {
      if (gone?.contains(document.activeElement)) saveFocus();
    };
  }, []);
  const confirm = () => {
    setAsked("");
    doubtful?.run();
  };
  return html`<span ref=${row} class="row steps">
    ${steps.map(
      // By title: no other step gets the focus of one that goes, nor what is pressed there.
      ({ title, run, danger, question }) => html`<button type="button" key=${title} class=${danger ? "danger" : ""}
        aria-label=${`${title} ${nameOf(job)}`} onClick=${question ? () => setAsked(title) : run}>${title}</button>`,
    )}
    ${doubtful?.question && html`<${Confirm} key=${asked} title=${doubtful.question.title} action=${doubtful.question.action} danger
        confirm=${confirm} close=${() => setAsked("")}>
      <p class="path"><bdi>${nameOf(job)}</bdi>: ${doubtful.question.text}</p><//>`}
  </span>`;
}

/** Where the focus is safe when the step that had it is gone. @param {HTMLElement | null} row */
function focusName(row) {
  const link = row?.closest("article")?.querySelector("a");
  if (link) link.focus();
  else focusHeading();
}
