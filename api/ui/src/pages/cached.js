// One repository in the cache.
import { html, useEffect, useState } from "../html.js";
import * as service from "../service.js";
import { bytes, count } from "../format.js";
import { faultOf } from "../reference.js";
import { href, present } from "../route.js";
import { Ago } from "../parts/ago.js";
import { Confirm } from "../parts/confirm.js";
import { focusHeading } from "../parts/heading.js";
import { Lazy } from "../parts/lazy.js";
import { done, telling } from "../parts/toasts.js";
import { Tree } from "../parts/tree.js";

/** @typedef {import("../service.js").Place} Place */
/** @typedef {import("../types").CachedRepoDetails} Repo */
/** @typedef {Repo["revisions"][number]} Revision */

/** @param {Place} place */
export function Details(place) {
  const { repo, type } = place;
  const [details, setDetails] = useState(/** @type {Repo | null} */ (null));
  const [wrong, setWrong] = useState(() => faultOf(repo));
  const [removing, setRemoving] = useState(/** @type {{ revision?: string, size: number } | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  const load = async () => {
    setWrong("");
    await service.cachedRepo(place).then(setDetails, (error) => setWrong(error.message));
  };
  useEffect(() => void (faultOf(repo) || load()), []);
  const verify = () =>
    telling(async () => {
      const page = present();
      const { id } = await service.verify(place);
      page.leadTo(href("jobs", [id]));
    }, "The verification is on its way");
  const ask = (/** @type {{ revision?: string, size: number }} */ what) => isBusy || setRemoving(what);
  const drop = async () => {
    setBusy(true);
    await telling(async () => {
      const page = present();
      const revision = removing?.revision;
      setRemoving(null);
      const answer = await service.removeCached(place, revision);
      if ("id" in answer) {
        done("The removal goes on as a job");
        return page.leadTo(href("jobs", [answer.id]));
      }
      done(`${answer.message}: ${bytes(answer.freedBytes)} freed`);
      if (!revision || !details || details.revisions.length === 1) return page.leadTo(href("cache"));
      await load();
      if (page.isShown()) focusHeading();
    });
    setBusy(false);
  };
  const back = html`<p><a href=${href("cache")}>← The cache</a></p>`;
  if (!details) {
    return html`${back}<div class="row apart"><h1 class="path"><bdi>${repo}</bdi></h1></div>
      ${wrong ? html`<p class="error path" role="alert"><bdi>${wrong}</bdi></p>` : html`<p class="faint" role="status">Looking at it …</p>`}`;
  }
  return html`
    ${back}
    <div class="row apart"><h1 class="path"><bdi>${details.repo}</bdi></h1>
      <span class="row"><a class="button" href=${href("start", [], { repo, type })}>Look at it</a>
        <button type="button" onClick=${verify}>Verify</button>
        <button type="button" class="danger" aria-disabled=${isBusy} onClick=${() => ask({ size: details.size })}>Delete …</button>
        <span class="faint" role="status">${isBusy && "Deleting …"}</span></span></div>
    ${wrong && html`<p class="error path" role="alert"><bdi>${wrong}</bdi></p>`}
    <dl class="facts">
      <div><dt>Kind</dt><dd>${details.type}</dd></div><div><dt>Size</dt><dd>${bytes(details.size)}</dd></div>
      <div><dt>Contents</dt><dd>${details.files}</dd></div><div><dt>Last used</dt><dd><${Ago} moment=${details.lastUsed} /></dd></div>
      ${details.partials > 0 && html`<div><dt>Begun and not finished</dt><dd>${details.partials} (${bytes(details.partialSize)})</dd></div>`}
      ${details.prunableSize > 0 && html`<div><dt>Could be cleared up</dt><dd>${bytes(details.prunableSize)}</dd></div>`}
      <div class="long"><dt>Folder</dt><dd><code><bdi>${details.path}</bdi></code></dd></div>
    </dl>
    ${details.warnings.map((one) => html`<p key=${one} class="warn path">⚠ <bdi>${one}</bdi></p>`)}
    <h2>Revisions</h2>
    <${Revisions} revisions=${details.revisions} remove=${(/** @type {Revision} */ one) => ask({ revision: one.commit, size: one.size })} />
    ${details.revisions.map((one) => html`<${Files} key=${one.commit} place=${place} revision=${one} />`)}
    ${removing && html`<${Confirm} title=${removing.revision ? "Delete this revision?" : "Delete this repository from the cache?"} action="Delete" danger
        confirm=${drop} close=${() => setRemoving(null)}>
      <p class="path"><bdi>${details.repo}</bdi>${removing.revision && html`, <code>${removing.revision}</code>`}: up to ${bytes(removing.size)}.
        Programs that have it open may fail. It can be downloaded again.</p><//>`}
  `;
}

/** @param {{ revisions: Revision[], remove: (revision: Revision) => void }} props */
function Revisions({ revisions, remove }) {
  return html`<table class="cards">
    <thead><tr><th scope="col">Revision</th><th scope="col">State</th><th scope="col">Files</th><th scope="col">Size</th><th scope="col">Written</th><th scope="col">Delete</th></tr></thead>
    <tbody>${revisions.map(
      (one) => html`<tr key=${one.commit}>
        <th scope="row" class="path">${one.refs.length > 0 && html`<bdi>${one.refs.join(", ")}</bdi>`}<code class="small faint">${one.commit}</code></th>
        <td data-title="State" class=${one.state === "complete" ? "good" : "warn"}>${one.state}${one.missingFiles ? ` (${one.missingFiles} missing)` : ""}</td>
        <td class="number" data-title="Files">${one.fileCount}</td><td class="number" data-title="Size">${bytes(one.size)}</td>
        <td class="number" data-title="Written"><${Ago} moment=${one.lastModified} /></td>
        <td><button type="button" class="danger" aria-label=${`Delete the revision ${one.refs[0] ?? one.commit}`} onClick=${() => remove(one)}>Delete …</button></td>
      </tr>`,
    )}</tbody></table>`;
}

/** Its files, read when they are looked at. @param {{ place: Place, revision: Revision }} props */
function Files({ place, revision }) {
  const summary = html`<bdi>${revision.refs[0] ?? revision.commit}</bdi>: ${count(revision.fileCount, "file")}`;
  return html`<${Lazy} class="card" summary=${summary} content=${() => html`<${FileTree} place=${place} revision=${revision} />`} />`;
}

/** @param {{ place: Place, revision: Revision }} props */
function FileTree({ place, revision }) {
  const [files, setFiles] = useState(/** @type {import("../types").CachedFile[] | null} */ (null));
  const [wrong, setWrong] = useState("");
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    service.cachedFiles(place, revision.commit, abort.signal).then(setFiles, (error) => abort.signal.aborted || setWrong(error.message));
    return () => abort.abort();
  }, [tries]);
  const again = (/** @type {{ currentTarget: HTMLElement }} */ event) => {
    // The button goes.
    event.currentTarget.closest("details")?.querySelector("summary")?.focus();
    setWrong("");
    setTries(tries + 1);
  };
  if (files) return html`<${Tree} files=${files} />`;
  return wrong
    ? html`<p class="error path" role="alert"><bdi>${wrong}</bdi></p><button type="button" onClick=${again}>Try again</button>`
    : html`<p class="faint" role="status">Reading the list …</p>`;
}
