// What the cache holds, and what takes the space.
import { html, useEffect, useMemo, useState } from "../html.js";
import * as service from "../service.js";
import { ago, bytes, count } from "../format.js";
import { href, route } from "../route.js";
import { Confirm } from "../parts/confirm.js";
import { failed, telling } from "../parts/toasts.js";
import { Treemap } from "../parts/treemap.js";

/** @param {import("../service.js").Place} place */
const addressOf = ({ repo, type }) => href("cache", [type, repo]);

export function CachePage() {
  const [list, setList] = useState(/** @type {import("../types").Answer<"listCache"> | null} */ (null));
  const [search, setSearch] = useState("");
  const [asked, setAsked] = useState(0);
  const again = () => setAsked(asked + 1);
  const [type, repo] = route.value.rest;
  useEffect(() => {
    // Whoever comes back from a repository may have removed it.
    if (repo) return undefined;
    const abort = new AbortController();
    service.cache({}, abort.signal).then(setList, (error) => abort.signal.aborted || failed(error));
    return () => abort.abort();
  }, [asked, repo]);
  const shown = useMemo(
    () =>
      (list?.repos ?? [])
        .filter((one) => one.repo.toLowerCase().includes(search.toLowerCase()))
        .sort((a, b) => b.size - a.size),
    [list, search],
  );
  if (repo) return html`<${Details} key=${type + repo} repo=${repo} type=${type} />`;
  if (!list) return html`<h1>Cache</h1><p class="faint" role="status">Looking at the cache …</p>`;
  return html`
    <div class="row apart"><h1>Cache</h1><p class="faint number">${count(list.count, "repository").replace("repositorys", "repositories")} · ${bytes(list.totalSize)}</p></div>
    <p class="faint small path">In <code>${list.cacheDir}</code></p>
    <${Treemap} items=${shown.map((one) => ({ name: one.repo, size: one.size, href: addressOf(one) }))} />
    <div class="row">
      <input class="grow" type="search" aria-label="Search the cache" placeholder="Part of the name" value=${search}
        onInput=${(/** @type {import("../types").Input} */ event) => setSearch(event.currentTarget.value)} />
      <button type="button" onClick=${again}>Look again</button>
      <${Prune} done=${again} />
    </div>
    ${shown.length
      ? html`<div class="scroll"><table>
          <thead><tr><th scope="col">Repository</th><th scope="col">Kind</th><th scope="col">Size</th><th scope="col">Revisions</th><th scope="col">Last used</th></tr></thead>
          <tbody>${shown.map(
            (one) => html`<tr key=${one.type + one.repo}>
              <td class="path"><a href=${addressOf(one)}><bdi>${one.repo}</bdi></a>
                ${one.warnings.length > 0 && html` <span class="badge warn">${count(one.warnings.length, "warning")}</span>`}</td>
              <td>${one.type}</td><td class="number">${bytes(one.size)}</td><td class="number">${one.snapshots}</td>
              <td class="number">${ago(one.lastUsed)}</td>
            </tr>`,
          )}</tbody></table></div>`
      : html`<p class="empty">${list.count ? "Nothing matches." : html`The cache is empty: <a href=${href("start")}>download something</a>.`}</p>`}
  `;
}

/** @param {{ done: () => void }} props */
function Prune({ done }) {
  const [found, setFound] = useState(/** @type {import("../types").Pruned | null} */ (null));
  const look = () => telling(async () => setFound(await service.prune({ dryRun: true })));
  const clear = () =>
    telling(async () => {
      setFound(null);
      await service.prune({});
      done();
    }, "The cache is cleared");
  return html`<button type="button" onClick=${look}>Clear up …</button>
    ${found && html`<${Confirm} title="Clear up the cache?" action="Clear up" confirm=${clear} close=${() => setFound(null)}>
      <p>${found.freedBytes ? html`Frees <strong>${bytes(found.freedBytes)}</strong>: contents that no revision has, and what was begun and left.` : "There is nothing to clear."}</p>
      ${found.failures.length > 0 && html`<ul class="small">${found.failures.map((one) => html`<li key=${one} class="path"><bdi>${one}</bdi></li>`)}</ul>`}
    <//>`}`;
}

/** @param {import("../service.js").Place} place */
function Details(place) {
  const { repo } = place;
  const [details, setDetails] = useState(/** @type {import("../types").CachedRepoDetails | null} */ (null));
  const [removing, setRemoving] = useState(/** @type {{ revision?: string, size: number } | null} */ (null));
  const load = () => telling(async () => setDetails(await service.cachedRepo(place)));
  useEffect(() => void load(), []);
  const verify = () =>
    telling(async () => {
      const { id } = await service.verify(place);
      location.hash = href("jobs", [id]);
    }, "The verification is on its way");
  const drop = () =>
    telling(async () => {
      const revision = removing?.revision;
      setRemoving(null);
      await service.removeCached(place, revision);
      if (revision && details && details.revisions.length > 1) await load();
      else location.hash = href("cache");
    }, "Removed");
  if (!details) return html`<p><a href=${href("cache")}>← The cache</a></p><h1 class="path"><bdi>${repo}</bdi></h1>`;
  return html`
    <p><a href=${href("cache")}>← The cache</a></p>
    <div class="row apart"><h1 class="path"><bdi>${details.repo}</bdi></h1>
      <span class="row"><button type="button" onClick=${verify}>Verify</button>
        <button type="button" class="danger" onClick=${() => setRemoving({ size: details.size })}>Delete …</button></span></div>
    <dl class="facts">
      <div><dt>Kind</dt><dd>${details.type}</dd></div><div><dt>Size</dt><dd>${bytes(details.size)}</dd></div>
      <div><dt>Contents</dt><dd>${details.files}</dd></div><div><dt>Last used</dt><dd>${ago(details.lastUsed)}</dd></div>
      <div><dt>Begun and not finished</dt><dd>${details.partials} (${bytes(details.partialSize)})</dd></div>
      <div><dt>Folder</dt><dd><code>${details.path}</code></dd></div>
    </dl>
    ${details.warnings.map((one) => html`<p key=${one} class="warn path"><bdi>${one}</bdi></p>`)}
    <h2>Revisions</h2>
    <div class="scroll"><table>
      <thead><tr><th scope="col">Refs</th><th scope="col">Commit</th><th scope="col">State</th><th scope="col">Files</th><th scope="col">Size</th><th scope="col">Delete</th></tr></thead>
      <tbody>${details.revisions.map(
        (one) => html`<tr key=${one.commit}>
          <td class="path"><bdi>${one.refs.join(", ") || "–"}</bdi></td><td><code title=${one.commit}>${one.commit.slice(0, 12)}</code></td>
          <td class=${one.state === "complete" ? "good" : "warn"}>${one.state}${one.missingFiles ? ` (${one.missingFiles} missing)` : ""}</td>
          <td class="number">${one.fileCount}</td><td class="number">${bytes(one.size)}</td>
          <td><button type="button" class="danger" aria-label=${`Delete the revision ${one.refs[0] ?? one.commit}`} onClick=${() => setRemoving({ revision: one.commit, size: one.size })}>Delete …</button></td>
        </tr>`,
      )}</tbody></table></div>
    ${removing && html`<${Confirm} title=${removing.revision ? "Delete this revision?" : "Delete this repository from the cache?"} action="Delete" danger
        confirm=${drop} close=${() => setRemoving(null)}>
      <p><bdi>${details.repo}</bdi>${removing.revision && html`, <code>${removing.revision.slice(0, 12)}</code>`}: up to ${bytes(removing.size)}.
        Programs that have it open may fail. It can be downloaded again.</p><//>`}
  `;
}
