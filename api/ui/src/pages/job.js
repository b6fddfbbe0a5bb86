// One job with all its files.
import { html, useEffect, useState } from "../html.js";
import { JobFiles } from "../files.js";
import { ago, bytes, count, percent } from "../format.js";
import * as jobs from "../jobs.js";
import { connection } from "../live.js";
import { href, route } from "../route.js";
import { Bar } from "../parts/bar.js";
import { Outcome } from "../parts/outcome.js";
import { Steps } from "../parts/steps.js";
import { VirtualList } from "../parts/virtual.js";
import { Line } from "./jobs.js";

const ROW_PIXELS = 44;

export function JobPage() {
  const id = route.value.rest[0];
  // Its signal comes and goes with the list.
  jobs.ids.value;
  const job = jobs.job(id)?.value;
  // One heading, so that it keeps the focus when the job that it was opened for comes.
  const heading = html`
    <p><a href=${href("jobs")}>← All jobs</a></p>
    <div class="row apart"><h1 class="path">${job ? html`<bdi>${job.repo}</bdi>` : html`Job <bdi>${id}</bdi>`}</h1>${job && html`<${Steps} job=${job} />`}</div>
  `;
  if (!job) {
    return html`${heading}
      <p class="empty">${connection.value === "live" ? "There is no such job (any more)." : "Waiting for the service …"}</p>`;
  }
  return html`${heading}
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
    <${Files} key=${id} id=${id} total=${job.progress.totalFiles} />
  `;
}

/** @param {{ name: string, value: string | null | undefined }} props */
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
  return html`<div class="row apart">
      <h2>${count(total, "file")}</h2>
      <span class="row">${files.known < total && files.known > 0 && html`<span class="faint small number">${files.known.toLocaleString("en")} read</span>`}
        <input type="search" aria-label="Search files" placeholder="Part of the path" value=${search} onInput=${onInput} /></span>
    </div>
    ${files.count
      ? html`<${VirtualList} count=${files.count} height=${ROW_PIXELS} label="Files" row=${(/** @type {number} */ index) => FileRow(files.at(index))} />`
      : html`<p class="empty">${files.known ? "No file matches." : "The files are not known yet."}</p>`}`;
}

/** @param {import("../types").JobFile | undefined} file */
function FileRow(file) {
  if (!file) return null;
  const detail = file.error || (file.status === "downloading" ? `${percent(file.downloaded, file.totalBytes).toFixed(0)} %` : file.status);
  return html`<div class="file">
    <span class="name"><bdi>${file.path}</bdi></span>
    <${Bar} part=${file.downloaded} whole=${file.totalBytes} state=${file.status} label=${`Progress of ${file.path}`} />
    <span class="small number ${file.error ? "error" : "faint"}">${detail} · ${bytes(file.totalBytes)}</span>
  </div>`;
}
