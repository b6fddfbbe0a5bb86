// What the cache holds, and what takes the space.
import { html, useEffect, useMemo, useState } from "../html.js";
import * as service from "../service.js";
import { bytes, count } from "../format.js";
import { href, route } from "../route.js";
import { Ago } from "../parts/ago.js";
import { saveFocus } from "../parts/heading.js";
import { Treemap } from "../parts/treemap.js";
import { Details } from "./cached.js";
import { Prune } from "./prune.js";

/** @typedef {import("../types").Answer<"listCache">} List */
/** @typedef {List["repos"][number]} Repo */

/** @param {import("../service.js").Place} place */
const addressOf = ({ repo, type }) => href("cache", [type, repo]);

/** Each column with what it sorts by; sizes and times begin with the largest. @type {Record<string, { title: string, isDown?: boolean, by: (one: Repo) => string | number }>} */
const COLUMNS = {
  repo: { title: "Repository", by: (one) => one.repo.toLowerCase() },
  type: { title: "Kind", by: (one) => one.type },
  size: { title: "Size", isDown: true, by: (one) => one.size },
  snapshots: { title: "Revisions", isDown: true, by: (one) => one.snapshots },
  lastUsed: { title: "Last used", isDown: true, by: (one) => Date.parse(one.lastUsed ?? "") || 0 },
};

/** Repositories whose state is asked for: each is a request of its own. */
const MAX_STATES = 100;

/** A repository among others. @param {import("../service.js").Place} place */
const keyOf = ({ repo, type }) => `${type} ${repo}`;

/** Whether a repository has all files of its revisions. @param {import("../types").CachedRepoDetails} details */
function stateOf({ revisions }) {
  const states = new Set(revisions.map(({ state }) => state));
  return states.has("partial") ? "partial" : states.has("unknown") || !states.size ? "unknown" : "complete";
}

/** The states of the largest, found out one after the other, for the list does not tell them. @param {Repo[]} repos */
function useStates(repos) {
  const [states, setStates] = useState(/** @type {ReadonlyMap<string, string>} */ (new Map()));
  useEffect(() => {
    const abort = new AbortController();
    const look = async () => {
      const found = new Map();
      for (const one of [...repos].sort((a, b) => b.size - a.size).slice(0, MAX_STATES)) {
        const state = await service.cachedRepo(one, abort.signal).then(stateOf, ({ status }) => (status === 404 ? "removed" : "not found out"));
        if (abort.signal.aborted) return;
        found.set(keyOf(one), state);
        setStates(new Map(found));
      }
    };
    void look();
    return () => abort.abort();
  }, [repos]);
  return states;
}

/** @param {number} number */
const repositories = (number) => `${number.toLocaleString("en")} ${number === 1 ? "repository" : "repositories"}`;

export function CachePage() {
  const [list, setList] = useState(/** @type {List | null} */ (null));
  const [asked, setAsked] = useState(0);
  const [wrong, setWrong] = useState("");
  const again = () => {
    setWrong("");
    setAsked((before) => before + 1);
    saveFocus();
  };
  const [type, repo] = route.value.rest;
  useEffect(() => {
    // Whoever comes back from a repository may have removed it.
    if (repo) return undefined;
    const abort = new AbortController();
    setWrong("");
    service.cache({}, abort.signal).then(setList, (error) => abort.signal.aborted || setWrong(error.message));
    return () => abort.abort();
  }, [asked, repo]);
  if (repo) return html`<${Details} key=${type + repo} repo=${repo} type=${type} />`;
  return html`<h1>Cache</h1>
    ${wrong && html`<p class="error" role="alert">${wrong}</p><button type="button" onClick=${again}>Try again</button>`}
    ${list ? html`<${Contents} list=${list} again=${again} />` : !wrong && html`<p class="faint" role="status">Looking at the cache …</p>`}`;
}

/** @param {{ list: List, again: () => void }} props */
function Contents({ list, again }) {
  const [search, setSearch] = useState("");
  const shown = useMemo(() => list.repos.filter((one) => one.repo.toLowerCase().includes(search.toLowerCase())), [list, search]);
  const states = useStates(list.repos);
  const areas = useMemo(() => shown.map((one) => ({ name: one.repo, size: one.size, kind: one.type, href: addressOf(one) })), [shown]);
  return html`
    <${Space} list=${list} />
    <${Treemap} items=${areas} />
    ${areas.length > 0 && html`<p class="legend small faint"><span class="model">Models</span><span class="dataset">Datasets</span></p>`}
    <div class="row">
      <input class="grow" type="search" aria-label="Search the cache" placeholder="Part of the name" value=${search}
        onInput=${(/** @type {import("../types").Input} */ event) => setSearch(event.currentTarget.value)} />
      <button type="button" onClick=${again}>Look again</button>
      <${Prune} done=${again} />
    </div>
    <p class="unseen" role="status">${search && `${repositories(shown.length)} found`}</p>
    ${list.repos.length > MAX_STATES && html`<p class="faint small">The state is found out for the ${MAX_STATES} largest; the page of each other one tells it.</p>`}
    ${shown.length
      ? html`<${Table} repos=${shown} states=${states} />`
      : html`<p class="empty">${list.count ? "Nothing matches." : list.volume ? html`The cache is empty: <a href=${href("start")}>download something</a>.` : "This service does not see the cache: its workers do."}</p>`}
  `;
}

/** How full the volume is. @param {{ list: List }} props */
function Space({ list: { count: number, totalSize, cacheDir, volume } }) {
  const share = (/** @type {number} */ part) => ({ width: `${volume ? (100 * part) / volume.totalBytes : 0}%` });
  const others = volume ? Math.max(0, volume.totalBytes - volume.freeBytes - totalSize) : 0;
  return html`
    <dl class="glance">
      <div><dt>Size</dt><dd>${bytes(totalSize)}</dd></div>
      <div><dt>Holds</dt><dd>${repositories(number)}</dd></div>
      ${volume && html`<div><dt>Free</dt><dd>${bytes(volume.freeBytes)} of ${bytes(volume.totalBytes)}</dd></div>`}
    </dl>
    ${volume && html`<div class="volume" role="img"
      aria-label=${`The cache takes ${bytes(totalSize)} of the volume, other things take ${bytes(others)}, ${bytes(volume.freeBytes)} are free`}>
      <div class="own" style=${share(totalSize)}></div><div class="others" style=${share(others)}></div></div>`}
    <p class="faint small path">In <code>${cacheDir}</code></p>`;
}

/** @param {{ repos: Repo[], states: ReadonlyMap<string, string> }} props */
function Table({ repos, states }) {
  const [sort, setSort] = useState({ name: "size", isDown: true });
  const sorted = useMemo(() => {
    const by = COLUMNS[sort.name]?.by ?? (() => 0);
    const order = (/** @type {Repo} */ a, /** @type {Repo} */ b) => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0);
    return [...repos].sort((a, b) => (sort.isDown ? order(b, a) : order(a, b)));
  }, [repos, sort]);
  const sortBy = (/** @type {string} */ name) => setSort({ name, isDown: name === sort.name ? !sort.isDown : Boolean(COLUMNS[name]?.isDown) });
  const order = sort.isDown ? "descending" : "ascending";
  return html`
    <div class="sort-narrow row"><label>Sort by <select value=${sort.name} onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ event) => sortBy(event.currentTarget.value)}>
      ${Object.entries(COLUMNS).map(([name, { title }]) => html`<option key=${name} value=${name}>${title}</option>`)}</select></label>
      <button type="button" onClick=${() => sortBy(sort.name)}>${sort.isDown ? "▾ Descending" : "▴ Ascending"}</button></div>
    <table class="cards tight">
      <thead><tr>${Object.entries(COLUMNS).map(
        ([name, { title }]) => html`<th key=${name} scope="col" aria-sort=${name === sort.name ? order : undefined}>
          <button type="button" class="quiet sort" onClick=${() => sortBy(name)}>${title}
            ${" "}<span aria-hidden="true">${name !== sort.name ? "" : sort.isDown ? "▾" : "▴"}</span></button></th>`,
      )}<th scope="col">State</th></tr></thead>
      <tbody>${sorted.map(
        (one) => html`<tr key=${keyOf(one)}>
          <td class="path"><a href=${addressOf(one)}><bdi>${one.repo}</bdi></a>
            ${one.warnings.length > 0 && html` <span class="badge warn">⚠ ${count(one.warnings.length, "warning")}</span>`}</td>
          <td data-title="Kind">${one.type}</td><td class="number" data-title="Size">${bytes(one.size)}</td>
          <td class="number" data-title="Revisions">${one.snapshots}</td><td class="number" data-title="Last used"><${Ago} moment=${one.lastUsed} /></td>
          <td data-title="State" class=${states.get(keyOf(one)) === "complete" ? "good" : "warn"}>${states.get(keyOf(one)) ?? ""}</td>
        </tr>`,
      )}</tbody></table>`;
}
