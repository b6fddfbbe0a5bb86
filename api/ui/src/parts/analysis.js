// What a repository holds, and what to take of it.
import { html, useEffect, useMemo, useState } from "../html.js";
import * as service from "../service.js";
import { bytes, count } from "../format.js";
import { href } from "../route.js";
import { Commands } from "./copy.js";
import { Facts } from "./facts.js";
import { Tree } from "./tree.js";
import { telling } from "./toasts.js";

/** @typedef {import("../types").SelectableItem} Item */

/** @param {{ analysis: import("../types").Analysis, filters: string[], revision: string }} props */
export function Analysis({ analysis, filters, revision }) {
  const items = analysis.selectable_items ?? [];
  const [chosen, setChosen] = useState(() => new Set(/** @type {string[]} */ (filters)));
  const [plan, setPlan] = useState(/** @type {import("../types").Plan | null} */ (null));
  const toggle = (/** @type {string} */ filter) => {
    const next = new Set(chosen);
    if (!next.delete(filter)) next.add(filter);
    setChosen(next);
    setPlan(null);
  };
  // An item of another branch is taken from there, and alone.
  const branch = items.find((item) => item.revision && chosen.has(item.filter_value))?.revision ?? revision;
  const body = { repo: analysis.repo, revision: branch, dataset: analysis.is_dataset, filters: [...chosen] };
  const preview = async () => setPlan((await telling(() => service.plan(body))) ?? null);
  const download = () =>
    telling(async () => {
      const answer = await service.download(body);
      const job = "job" in answer ? answer.job : answer;
      location.hash = href("jobs", [job.id]);
    }, "The download is on its way");
  return html`
    <section aria-label="Repository">
      <div class="row apart">
        <h2 class="path"><bdi>${analysis.repo}</bdi></h2>
        <${Revisions} analysis=${analysis} revision=${revision} />
      </div>
      <p>${analysis.type_description} · ${count(analysis.file_count, "file")} · <strong>${bytes(analysis.total_size)}</strong></p>
      <${Cached} analysis=${analysis} />
      <${Facts} analysis=${analysis} />
    </section>
    ${items.length > 0 && html`<${Items} items=${items} chosen=${chosen} toggle=${toggle} />`}
    <${Custom} chosen=${chosen} known=${items} toggle=${toggle} />
    <div class="row card">
      <span class="grow">${chosen.size ? `Takes what matches ${[...chosen].join(", ")}, and the small files around it.` : "Takes the whole repository."}</span>
      <button type="button" onClick=${preview}>Preview</button>
      <button type="button" class="primary" onClick=${download}>Download</button>
    </div>
    ${plan && html`<section class="card" aria-label="Preview"><h2>${count(plan.totalFiles, "file")}, ${bytes(plan.totalSize)}</h2><${Tree} files=${plan.files} /></section>`}
    <${Commands} />
    <details class="card"><summary>All files</summary><${Tree} files=${analysis.files} /></details>
  `;
}

/** Branches and tags to look at instead. @param {{ analysis: import("../types").Analysis, revision: string }} props */
function Revisions({ analysis, revision }) {
  const refs = analysis.refs ?? [];
  if (!refs.length) return html`<span class="faint small">Revision <bdi>${revision}</bdi></span>`;
  const names = refs.map((ref) => ref.name);
  const go = (/** @type {{ currentTarget: HTMLSelectElement }} */ event) => {
    const query = { repo: analysis.repo, revision: event.currentTarget.value, type: analysis.is_dataset ? "dataset" : "model" };
    location.hash = href("start", [], query);
  };
  return html`<label>Revision
    <select value=${revision} onChange=${go}>
      ${!names.includes(revision) && html`<option value=${revision}>${revision}</option>`}
      ${refs.map((ref) => html`<option key=${ref.type + ref.name} value=${ref.name}>${ref.name}${ref.type === "tag" ? " (tag)" : ""}</option>`)}
    </select></label>`;
}

/** Asks the list first: that a repository is not there is no error. @param {import("../service.js").Place} place @param {AbortSignal} abort */
async function look(place, abort) {
  const { repos } = await service.cache({ type: place.type, search: place.repo }, abort);
  return repos.some(({ repo }) => repo === place.repo) ? service.cachedRepo(place, abort) : null;
}

/** What the cache has of it. @param {{ analysis: import("../types").Analysis }} props */
function Cached({ analysis }) {
  const [cached, setCached] = useState(/** @type {import("../types").CachedRepoDetails | null} */ (null));
  useEffect(() => {
    const abort = new AbortController();
    look({ repo: analysis.repo, type: analysis.is_dataset ? "dataset" : "model" }, abort.signal).then(setCached, () => null);
    return () => abort.abort();
  }, [analysis.repo, analysis.is_dataset]);
  if (!cached) return null;
  const here = cached.revisions.find((one) => one.commit === analysis.commit);
  if (here?.state === "complete") return html`<p class="good">✓ This revision is in the cache, complete.</p>`;
  return html`<p class="faint">In the cache: ${bytes(cached.size)} of it${here ? `, this revision in part (${count(here.fileCount, "file")})` : ", other revisions"}.</p>`;
}

/** @param {{ items: Item[], chosen: Set<string>, toggle: (filter: string) => void }} props */
function Items({ items, chosen, toggle }) {
  const groups = useMemo(() => {
    const byCategory = new Map(/** @type {[string, Item[]][]} */ ([]));
    for (const item of items) byCategory.set(item.category, [...(byCategory.get(item.category) ?? []), item]);
    return [...byCategory];
  }, [items]);
  return groups.map(
    ([category, group]) => html`<fieldset key=${category} class="items">
      <legend><h2>Choose: ${category}</h2></legend>
      <div class="scroll"><table>
        <thead><tr><th scope="col">Take</th><th scope="col">Size</th><th scope="col">Quality</th><th scope="col">Memory</th><th scope="col">What it is</th></tr></thead>
        <tbody>${group.map(
          (item) => html`<tr key=${item.id}>
            <td><label><input type="checkbox" checked=${chosen.has(item.filter_value)} onChange=${() => toggle(item.filter_value)} />
              <bdi>${item.label}</bdi>${item.recommended && html` <span class="badge good">recommended</span>`}</label></td>
            <td class="number">${bytes(item.size)}</td>
            <td class="number">${item.quality ? html`<span role="img" aria-label=${`${item.quality} of 5`}>${item.quality_stars}</span>` : "–"}</td>
            <td class="number">${item.ram ? bytes(item.ram) : "–"}</td>
            <td><bdi>${item.description ?? ""}</bdi></td>
          </tr>`,
        )}</tbody>
      </table></div>
    </fieldset>`,
  );
}

/** Filters that are no items. @param {{ chosen: Set<string>, known: Item[], toggle: (filter: string) => void }} props */
function Custom({ chosen, known, toggle }) {
  const [text, setText] = useState("");
  const own = [...chosen].filter((filter) => !known.some((item) => item.filter_value === filter));
  const add = (/** @type {Event} */ event) => {
    event.preventDefault();
    const filter = text.trim();
    if (filter && !chosen.has(filter)) toggle(filter);
    setText("");
  };
  return html`<form class="row" onSubmit=${add}>
    <label>Filter <input type="text" value=${text} placeholder="q4_k_m, *.safetensors" onInput=${(/** @type {import("../types").Input} */ event) => setText(event.currentTarget.value)} /></label>
    <button>Add</button>
    ${own.map((filter) => html`<button type="button" key=${filter} aria-label=${`Remove the filter ${filter}`} onClick=${() => toggle(filter)}><bdi>${filter}</bdi> ✕</button>`)}
  </form>`;
}
