// All jobs, live.
import { html, signal, useMemo, useState } from "../html.js";
import { bytes, count, duration, rate, share } from "../format.js";
import * as jobs from "../jobs.js";
import { changing, connection } from "../live.js";
import * as service from "../service.js";
import { href } from "../route.js";
import { Bar } from "../parts/bar.js";
import { Chart } from "../parts/chart.js";
import { Confirm } from "../parts/confirm.js";
import { focusHeading } from "../parts/heading.js";
import { Steps, hasRevision, nameOf, statusWord } from "../parts/steps.js";
import { done, telling } from "../parts/toasts.js";
import { VirtualList } from "../parts/virtual.js";

const ROW_PIXELS = 92;
const FILTERS = { all: "All", live: "Not ended", completed: "Completed", failed: "Failed", cancelled: "Cancelled" };

/** @param {import("../types").Job} job @param {string} filter @param {string} search */
function matches(job, filter, search) {
  const wanted = filter === "all" || (filter === "live" ? !jobs.isEnded(job) : job.status === filter);
  return wanted && `${job.repo} ${job.revision} ${job.id}`.toLowerCase().includes(search.toLowerCase());
}

/** What is looked at: still so for whoever comes back from a job. */
const shownStatus = signal("all");
const searched = signal("");

export function JobsPage() {
  const [filter, search] = [shownStatus.value, searched.value];
  return html`
    <div class="row apart">
      <h1>Jobs</h1>
      <${Sums} />
    </div>
    <div class="row">
      <input class="grow" type="search" aria-label="Search jobs" placeholder="Repository, revision or id" value=${search}
        onInput=${(/** @type {import("../types").Input} */ event) => (searched.value = event.currentTarget.value)} />
      <div class="row" role="group" aria-label="Show">
        ${Object.entries(FILTERS).map(
          ([key, title]) => html`<button key=${key} type="button" aria-pressed=${key === filter} onClick=${() => (shownStatus.value = key)}>${title}</button>`,
        )}
      </div>
      <${Dismiss} filter=${filter} search=${search} />
    </div>
    <${List} filter=${filter} search=${search} />
  `;
}

/** Drawn with each update, so it is alone. */
function Sums() {
  const { live, bytesPerSecond } = jobs.sums.value;
  return html`<p class="faint number">${count(live, "job")} not ended · ${rate(bytesPerSecond)}</p>`;
}

/** The service knows no search: what is dismissed are all jobs of the chosen states. @param {{ filter: string, search: string }} props */
function Dismiss({ filter, search }) {
  const [isAsking, setAsking] = useState(false);
  const states = jobs.ENDED.filter((state) => filter === "all" || filter === state);
  jobs.statuses.value;
  const number = jobs.ids.value.filter((id) => states.some((state) => state === jobs.job(id)?.peek().status)).length;
  const title = filter === "all" || filter === "live" ? "ended" : filter;
  const dismiss = () => {
    setAsking(false);
    return telling(async () => {
      const dismissed = await changing(() => service.dismissAll({ status: states }));
      done(`${count(dismissed.count, "job")} dismissed`);
      focusHeading();
    });
  };
  return html`<button type="button" onClick=${() => setAsking(true)} disabled=${!number || search !== ""}>Dismiss ${title}</button>
    ${isAsking && html`<${Confirm} title=${`Dismiss ${count(number, `${title} job`)}?`} action="Dismiss" danger confirm=${dismiss}
        close=${() => setAsking(false)}>
      <p>The list forgets them. What they brought into the cache stays.</p><//>`}`;
}

/** @param {{ filter: string, search: string }} props */
function List({ filter, search }) {
  const ids = jobs.ids.value;
  const statuses = jobs.statuses.value;
  const shown = useMemo(
    () => ids.filter((id) => matches(/** @type {import("../types").Job} */ (jobs.job(id)?.peek()), filter, search)),
    [ids, statuses, filter, search],
  );
  return html`
    <h2 class="small faint">${count(shown.length, "job")}</h2>
    <p class="unseen" role="status">${search && `${count(shown.length, "job")} found`}</p>
    ${shown.length
      ? html`<${VirtualList} count=${shown.length} height=${ROW_PIXELS} label="Jobs" keyOf=${(/** @type {number} */ index) => shown[index]}
          row=${(/** @type {number} */ index) => html`<${Row} id=${shown[index]} />`} />`
      : html`<p class="empty">${ids.length ? "No job matches." : connection.value === "live" ? html`No jobs yet: <a href=${href("start")}>download something</a>.` : "Waiting for the service …"}</p>`}
  `;
}

/** What of the repository a job is for. @param {import("../types").Job} job */
const selectionOf = (job) => [hasRevision(job) && job.revision, job.filters.join(", ")].filter(Boolean).join(": ");

/** @param {{ id: string }} props */
function Row({ id }) {
  const job = jobs.job(id)?.value;
  if (!job) return null;
  const { progress } = job;
  return html`<article class="job" aria-label=${`${statusWord(job)}: ${nameOf(job)}`}>
    <div class="row apart">
      <a class="path" href=${href("jobs", [id])}><strong><bdi>${job.repo}</bdi></strong>${" "}
        ${job.isDataset && html`<span class="badge">dataset</span>${" "}`}
        <span class="faint small"><bdi>${selectionOf(job)}</bdi></span></a>
      <${Steps} job=${job} />
    </div>
    <${Bar} part=${progress.downloadedBytes} whole=${progress.totalBytes} state=${job.status} label=${`Progress of ${nameOf(job)}`} />
    <${Line} job=${job} />
  </article>`;
}

/** What a job does now, in one line. @param {{ job: import("../types").Job, isTold?: boolean }} props whether a new state is read out */
export function Line({ job, isTold = false }) {
  const { progress } = job;
  // Its place changes too often to be read out.
  const status = statusWord({ ...job, position: null });
  const parts = [statusWord(job).slice(status.length)];
  if (progress.totalFiles) {
    const isOnItsWay = job.status === "running" || job.status === "paused";
    parts.push(`${isOnItsWay ? `${share(progress.downloadedBytes, progress.totalBytes)} of ` : ""}${bytes(progress.totalBytes)}`);
    parts.push(`${progress.completedFiles} of ${count(progress.totalFiles, "file")}`);
  }
  if (job.status === "running") {
    parts.push(rate(progress.bytesPerSecond));
    if (job.etaSeconds !== null && job.etaSeconds !== undefined) parts.push(`${duration(job.etaSeconds)} left`);
    if (job.workers.length) parts.push(count(job.workers.length, "worker"));
  }
  return html`<div class="row small">
    <span class="grow number"><span role=${isTold ? "status" : undefined}>${status}</span>${parts.join(" · ")}</span>
    ${job.status === "running" && html`<span class="spark"><${Rates} id=${job.id} /></span>`}
    ${job.error ? html`<span class="error path"><bdi>${job.error}</bdi></span>` : job.waitingReason && html`<span class="warn path">${job.waitingReason}</span>`}
  </div>`;
}

/** Drawn once a second. @param {{ id: string }} props */
function Rates({ id }) {
  jobs.tick.value;
  return html`<${Chart} values=${jobs.ratesOf(id)} />`;
}
