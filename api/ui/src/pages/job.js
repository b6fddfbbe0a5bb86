// One job with all its files.
import { html, useEffect, useState } from "../html.js";
import { JobFiles } from "../files.js";
import { bytes, count, share } from "../format.js";
import * as jobs from "../jobs.js";
import { connection } from "../live.js";
import { patiently } from "../patience.js";
import { href, route } from "../route.js";
import * as service from "../service.js";
import { Ago } from "../parts/ago.js";
import { Bar } from "../parts/bar.js";
import { Outcome } from "../parts/outcome.js";
import { Steps, hasRevision, removes } from "../parts/steps.js";
import { VirtualList } from "../parts/virtual.js";
import { Line } from "./jobs.js";

const ROW_PIXELS = 44;
/** Errors of files that are shown at once. */
const MAX_FAILURES = 20;

export function JobPage() {
  const id = route.value.rest[0];
  // Its signal comes and goes with the list.
  jobs.ids.value;
  const job = jobs.job(id)?.value;
  // One heading, so that it keeps the focus when the job that it was opened for comes.
  const heading = html`
    <p><a href=${href("jobs")}>← All jobs</a></p>
    <div class="row apart"><h1 class="path">${job ? html`<bdi>${job.repo}</bdi>` : html`Job <bdi>${id}</bdi>`}</h1>${job && html`<${Steps} key=${id} job=${job} />`}</div>
  `;
  if (!job) return html`${heading}<${Missing} key=${id} id=${id} />`;
  return html`${heading}
    <div class="card">
      <${Bar} part=${job.progress.downloadedBytes} whole=${job.progress.totalBytes} state=${job.status} label="Progress of the job" />
      <${Line} job=${job} isTold />
      <dl class="facts">
        <${Fact} name="Kind" value=${job.isDataset ? "dataset" : "model"} />
        <${Fact} name="Revision" value=${hasRevision(job) && job.revision} />
        <${Fact} name="Commit" value=${job.commit} />
        <${Fact} name="Filters" value=${job.filters.join(", ")} />
        <${Fact} name="Left out" value=${job.excludes.join(", ")} />
        <${Fact} name="Priority" value=${job.priority} />
        <${Fact} name="Workers" value=${job.workers.join(", ")} />
        <${Fact} name="Created" value=${html`<${Ago} moment=${job.createdAt} />`} />
        <${Fact} name="Ended" value=${job.endedAt && html`<${Ago} moment=${job.endedAt} />`} />
        <${Fact} name="Folder" value=${job.outputDir} />
      </dl>
      <${Outcome} job=${job} />
    </div>
    ${!removes(job) && html`<${Files} key=${id} id=${id} total=${job.progress.totalFiles} />`}
  `;
}

/** Asks for a job that no message has told of before it says that there is none. @param {{ id: string }} props */
function Missing({ id }) {
  const [isGone, setGone] = useState(false);
  const [wrong, setWrong] = useState("");
  const isLive = connection.value === "live";
  useEffect(() => {
    setWrong("");
    if (!isLive) return undefined;
    const abort = new AbortController();
    const look = async () => {
      await jobs.reading(async () => jobs.learn([await service.oneJob(id, abort.signal)]));
      // It went while the answer was on its way.
      if (!jobs.job(id)) setGone(true);
    };
    void patiently(look, abort.signal, (error) => (error.status === 404 ? setGone(true) : setWrong(error.message)));
    return () => abort.abort();
  }, [isLive]);
  const text = wrong || (isGone ? "There is no such job (any more)." : isLive ? "Looking for the job …" : "Waiting for the service …");
  return html`<p class=${wrong ? "error" : "empty"} role="status">${text}</p>`;
}

/** @param {{ name: string, value: unknown }} props */
function Fact({ name, value }) {
  return value ? html`<div><dt>${name}</dt><dd><bdi>${value}</bdi></dd></div>` : null;
}

/** @param {{ id: string, total: number }} props */
function Files({ id, total }) {
  const [files] = useState(() => new JobFiles(id));
  const [search, setSearch] = useState("");
  useEffect(() => files.follow(), [files]);
  files.changed.value;
  const onInput = (/** @type {import("../types").Input} */ event) => {
    setSearch(event.currentTarget.value);
    files.search(event.currentTarget.value);
  };
  return html`<${Failed} files=${files} /><div class="row apart">
      <h2>${count(total, "file")}</h2>
      <span class="row">${files.known < total && files.known > 0 && html`<span class="faint small number">${files.known.toLocaleString("en")} read</span>`}
        <input type="search" aria-label="Search files" placeholder="Part of the path" value=${search} onInput=${onInput} /></span>
    </div>
    <p class="unseen" role="status">${search && `${count(files.count, "file")} found`}</p>
    ${files.count
      ? html`<${VirtualList} count=${files.count} height=${ROW_PIXELS} label="Files" row=${(/** @type {number} */ index) => FileRow(files.at(index))} />`
      : html`<p class="empty">${files.known ? "No file matches." : "The files are not known yet."}</p>`}`;
}

/** What failed and why: a row has no room for it. @param {{ files: JobFiles }} props */
function Failed({ files: { failures } }) {
  if (!failures.size) return null;
  const shown = [...failures.values()].slice(0, MAX_FAILURES);
  return html`<section aria-label="What failed"><h2>${count(failures.size, "file")} failed</h2>
    <ul class="plain small">${shown.map(
      ({ path, error }) => html`<li key=${path} class="failure path"><bdi>${path}</bdi>: <span class="error"><bdi>${error}</bdi></span></li>`,
    )}</ul>
    ${failures.size > shown.length && html`<p class="faint small">and ${(failures.size - shown.length).toLocaleString("en")} more</p>`}</section>`;
}

/** @param {import("../types").JobFile | undefined} file */
function FileRow(file) {
  if (!file) return null;
  const detail = file.status === "downloading" ? share(file.downloaded, file.totalBytes) : file.status;
  return html`<div class="file">
    <span class="name"><bdi>${file.path}</bdi></span>
    <${Bar} part=${file.downloaded} whole=${file.totalBytes} state=${file.status} label=${`Progress of ${file.path}`} />
    <span class="small number ${file.error ? "error" : "faint"}">${detail} · ${bytes(file.totalBytes)}</span>
  </div>`;
}
