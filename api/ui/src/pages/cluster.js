// Who works on what.
import { html } from "../html.js";
import { bytes, count, rate } from "../format.js";
import * as jobs from "../jobs.js";
import { href } from "../route.js";
import { Chart } from "../parts/chart.js";

export function ClusterPage() {
  jobs.tick.value;
  const all = jobs.all.value;
  const running = all.filter((job) => job.status === "running");
  const workers = new Map();
  for (const job of running) for (const worker of job.workers) workers.set(worker, [...(workers.get(worker) ?? []), job]);
  const now = running.reduce((sum, job) => sum + job.progress.bytesPerSecond, 0);
  const left = running.reduce((sum, job) => sum + job.progress.totalBytes - job.progress.downloadedBytes, 0);
  return html`
    <h1>Cluster</h1>
    <dl class="facts">
      <div><dt>Rate</dt><dd class="number">${rate(now)}</dd></div>
      <div><dt>Running</dt><dd>${count(running.length, "job")}</dd></div>
      <div><dt>Waiting</dt><dd>${count(all.filter((job) => job.status === "queued").length, "job")}</dd></div>
      <div><dt>Left of what runs</dt><dd class="number">${bytes(left)}</dd></div>
    </dl>
    <div class="card"><${Chart} values=${jobs.totalRates()} /></div>
    <h2>Workers</h2>
    ${workers.size
      ? html`<div class="scroll"><table>
          <thead><tr><th scope="col">Worker</th><th scope="col">Works on</th></tr></thead>
          <tbody>${[...workers].sort().map(
            ([worker, its]) => html`<tr key=${worker}><td class="path"><bdi>${worker}</bdi></td>
              <td>${its.map((/** @type {any} */ job) => html`<a key=${job.id} class="path" href=${href("jobs", [job.id])}><bdi>${job.repo}</bdi></a> `)}</td></tr>`,
          )}</tbody></table></div>`
      : html`<p class="empty">No worker has anything to do.</p>`}
  `;
}
