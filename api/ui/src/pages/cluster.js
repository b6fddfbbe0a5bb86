// Who works on what.
import { html, useEffect, useState } from "../html.js";
import * as service from "../service.js";
import { ago, bytes, count, rate } from "../format.js";
import * as jobs from "../jobs.js";
import { href } from "../route.js";
import { Hour } from "../parts/hour.js";

/** @typedef {import("../types").Cluster} Cluster */
/** @typedef {Cluster["workers"][number]} Worker */

const POLL_MS = 2000;

/** Maps, for whatever an object has by itself is no word. @type {ReadonlyMap<string, string>} */
const TASKS = new Map(Object.entries({ plan: "plans", fetch: "fetches", finish: "finishes", clean: "cleans up", callback: "tells the end of" }));
/** @type {ReadonlyMap<string, string>} */
const QUEUES = new Map(Object.entries({ control: "Plans and ends of jobs", fetch: "Files to fetch", callback: "Callbacks" }));

/** Asks again and again while the page can be seen. */
function useCluster() {
  const [state, setState] = useState(/** @type {{ cluster?: Cluster, wrong?: string }} */ ({}));
  useEffect(() => {
    const abort = new AbortController();
    /** @type {ReturnType<typeof setTimeout>} */
    let timer;
    const ask = async () => {
      if (!document.hidden) {
        try {
          const cluster = await service.cluster(abort.signal);
          setState({ cluster });
        } catch (error) {
          // What was known before stays in sight.
          if (!abort.signal.aborted) setState((known) => ({ ...known, wrong: /** @type {Error} */ (error).message }));
        }
      }
      if (!abort.signal.aborted) timer = setTimeout(ask, POLL_MS);
    };
    void ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, []);
  return state;
}

export function ClusterPage() {
  const { cluster, wrong } = useCluster();
  return html`
    <h1>Cluster</h1>
    ${wrong && html`<p class="error" role="alert">${wrong}</p>`}
    ${cluster ? html`<${Overview} cluster=${cluster} />` : !wrong && html`<p class="faint" role="status">Looking who is there …</p>`}
  `;
}

/** Short tasks, such as those that plan, take no slot. @param {Worker} worker */
const inUse = ({ tasks }) => tasks.filter(({ kind }) => kind === "fetch").length;

/** @param {{ cluster: Cluster }} props */
function Overview({ cluster: { mode, workers, queues, queuesError, rate: hour } }) {
  const isSingle = mode === "single";
  const sum = (/** @type {(worker: Worker) => number} */ of) => workers.reduce((total, worker) => total + of(worker), 0);
  const { running, queued, leftBytes } = jobs.sums.value;
  return html`
    <p class="faint">${isSingle ? "A single process serves this page and does the downloads itself." : "All workers share the work of every job."}</p>
    <dl class="glance">
      <div><dt>Rate</dt><dd>${rate(sum((worker) => worker.bytesPerSecond))}</dd></div>
      ${!isSingle && html`<div><dt>Workers</dt><dd>${workers.length}</dd></div>`}
      <div><dt>Slots in use</dt><dd>${sum(inUse)} of ${sum((worker) => worker.slots)}</dd></div>
      <div><dt>Running</dt><dd>${count(running, "job")}</dd></div>
      <div><dt>Waiting</dt><dd>${count(queued, "job")}</dd></div>
      <div><dt>Left of what runs</dt><dd>${bytes(leftBytes)}</dd></div>
    </dl>
    <${Hour} stepSeconds=${hour.stepSeconds} values=${hour.bytes} />
    <h2>${isSingle ? "This process" : "Workers"}</h2>
    ${workers.length
      ? html`<table class="cards">
          <thead><tr><th scope="col">Name</th><th scope="col">Works on</th><th scope="col">Rate</th><th scope="col">Slots</th><th scope="col">Started</th></tr></thead>
          <tbody>${workers.map((worker) => html`<${Row} key=${worker.name} worker=${worker} />`)}</tbody></table>`
      : html`<p class="empty warn">No worker is there: jobs wait until one is started.</p>`}
    <h2>Queues</h2>
    <${Queues} queues=${queues} queuesError=${queuesError} />
  `;
}

/** @param {Pick<Cluster, "queues" | "queuesError">} props */
function Queues({ queues, queuesError }) {
  if (!queues.length) return html`<p class="warn">What waits is not known now: <bdi>${queuesError}</bdi></p>`;
  // RabbitMQ tells it to its administrators alone.
  const isTold = queues.some(({ unacknowledged }) => unacknowledged !== null);
  return html`<table class="cards">
    <thead><tr><th scope="col">Queue</th><th scope="col">Waiting</th>${isTold && html`<th scope="col">In work</th>`}</tr></thead>
    <tbody>${queues.map(
      ({ name, ready, unacknowledged }) => html`<tr key=${name}><th scope="row">${QUEUES.get(name) ?? name}</th>
        <td class="number" data-title="Waiting">${ready.toLocaleString("en")}</td>
        ${isTold && html`<td class="number" data-title="In work">${unacknowledged?.toLocaleString("en") ?? "–"}</td>`}</tr>`,
    )}</tbody></table>`;
}

/** @param {{ worker: Worker }} props */
function Row({ worker }) {
  const { name, version, startedAt, seenAt, slots, draining, bytesPerSecond, tasks } = worker;
  return html`<tr>
    <th scope="row"><bdi>${name}</bdi>${draining && html` <span class="badge warn">ends, takes nothing new</span>`}
      <span class="faint small">version ${version}, seen ${ago(seenAt)}</span></th>
    <td data-title="Works on">${tasks.length
      ? html`<ul class="plain">${tasks.map(
          ({ jobId, repo, kind, startedAt: since }, index) => html`<li key=${index}><span class="faint">${TASKS.get(kind) ?? kind}</span>${" "}
            <a class="path" href=${href("jobs", [jobId])}><bdi>${repo}</bdi></a> <span class="faint small">since ${ago(since)}</span></li>`,
        )}</ul>`
      : html`<span class="faint">nothing</span>`}</td>
    <td class="number" data-title="Rate">${rate(bytesPerSecond)}</td>
    <td class="number" data-title="Slots">${inUse(worker)} of ${slots}</td>
    <td class="number" data-title="Started">${ago(startedAt)}</td>
  </tr>`;
}
