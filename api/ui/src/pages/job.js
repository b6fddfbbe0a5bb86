// One job with all its files.
import { html, useEffect, useMemo, useState } from "../html.js";
import { ago, bytes, count, percent } from "../format.js";
import * as jobs from "../jobs.js";
import { connection } from "../live.js";
import * as service from "../service.js";
import { href, route } from "../route.js";
import { Bar } from "../parts/bar.js";
import { Outcome } from "../parts/outcome.js";
import { Steps } from "../parts/steps.js";
import { failed } from "../parts/toasts.js";
import { VirtualList } from "../parts/virtual.js";
import { Line } from "./jobs.js";

const ROW_PIXELS = 44;
/** Files of one answer, the most that there may be. */
const PAGE_FILES = 1000;

export function JobPage() {
  const id = route.value.rest[0];
  // Its signal comes and goes with the list.
  jobs.ids.value;
  const job = jobs.job(id)?.value;
  if (!job) {
    return html`<h1>Job <bdi>${id}</bdi></h1>
      <p class="empty">${connection.value === "live" ? "There is no such job (any more)." : "Waiting for the service …"}
        ${" "}<a href=${href("jobs")}>All jobs</a></p>`;
  }
  return html`
    <p><a href=${href("jobs")}>← All jobs</a></p>
    <div class="row apart"><h1 class="path"><bdi>${job.repo}</bdi></h1><${Steps} job=${job} /></div>
    <div class="card">
      <${Bar} part=${job.progress.downloadedBytes} whole=${job.progress.totalBytes} state=${job.status} label="Progress of the job" />
      <${Line} job=${job} />
      <dl class="facts">
        <${Fact} name="Revision" value=${job.revision} />
        <${Fact} name="Commit" value=${job.commit} />
        <${Fact} name="Filters" value=${job.filters.join(", ")} />
        <${Fact} name="Left out" value=${job.excludes.join(", ")} />
        <${Fact} name="Priority" value=${job.priority} />
        <${Fact} name="Workers" value=${job.workers.join(", ")} />
        <${Fact} name="Created" value=${ago(job.createdAt)} />
        <${Fact} name="Ended" value=${job.endedAt ? ago(job.endedAt) : ""} />
        <${Fact} name="Folder" value=${job.outputDir} />
      </dl>
      <${Outcome} job=${job} />
    </div>
    <${Files} job=${job} />
  `;
}

/** @param {{ name: string, value: string | null | undefined }} props */
function Fact({ name, value }) {
  return value ? html`<div><dt>${name}</dt><dd><bdi>${value}</bdi></dd></div>` : null;
}

/** @param {{ job: import("../types").Job }} props */
function Files({ job }) {
  const [search, setSearch] = useState("");
  const all = useAllFiles(job);
  const shown = useMemo(() => all.filter((file) => file.path.toLowerCase().includes(search.toLowerCase())), [all, search]);
  return html`<div class="row apart">
      <h2>${count(job.progress.totalFiles, "file")}</h2>
      <input type="search" aria-label="Search files" placeholder="Part of the path" value=${search}
        onInput=${(/** @type {import("../types").Input} */ event) => setSearch(event.currentTarget.value)} />
    </div>
    ${shown.length
      ? html`<${VirtualList} items=${shown} height=${ROW_PIXELS} label="Files" row=${FileRow} />`
      : html`<p class="empty">${all.length ? "No file matches." : "The files are not known yet."}</p>`}`;
}

/** Updates of a job with many files hold only those that changed: the others are read, and the changes laid over them.
 * @param {import("../types").Job} job @returns {import("../types").JobFile[]} */
function useAllFiles(job) {
  const changed = jobs.filesChanged.value[job.id] ?? 0;
  const [read, setRead] = useState(/** @type {Map<string, import("../types").JobFile> | null} */ (null));
  useEffect(() => {
    setRead(null);
    if (!job.filesTruncated) return undefined;
    const abort = new AbortController();
    readAll(job.id, abort.signal).then(setRead, (error) => abort.signal.aborted || failed(error));
    return () => abort.abort();
  }, [job.id, job.filesTruncated, changed]);
  return useMemo(() => {
    if (!job.filesTruncated || !read) return job.files;
    for (const file of job.files) read.set(file.path, file);
    return [...read.values()];
  }, [job, read]);
}

/** @param {string} id @param {AbortSignal} abort */
async function readAll(id, abort) {
  const files = new Map();
  let offset = /** @type {number | null} */ (0);
  while (offset !== null) {
    const page = await service.files(id, { offset, limit: PAGE_FILES }, abort);
    for (const file of page.files) files.set(file.path, file);
    offset = page.nextOffset;
  }
  return files;
}

/** @param {import("../types").JobFile} file */
function FileRow(file) {
  const detail = file.error || (file.status === "downloading" ? `${percent(file.downloaded, file.totalBytes).toFixed(0)} %` : file.status);
  return html`<div class="file">
    <span class="name"><bdi>${file.path}</bdi></span>
    <${Bar} part=${file.downloaded} whole=${file.totalBytes} state=${file.status} label=${`Progress of ${file.path}`} />
    <span class="small number ${file.error ? "error" : "faint"}">${detail} · ${bytes(file.totalBytes)}</span>
  </div>`;
}
