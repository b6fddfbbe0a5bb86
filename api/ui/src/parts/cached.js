// What the cache has of a repository, and the room that is left there.
import { html, useEffect, useState } from "../html.js";
import * as service from "../service.js";
import { bytes, count } from "../format.js";
import { href } from "../route.js";

/** @typedef {import("../types").Analysis} Analysis */
/**
 * @typedef {{ isKnown: boolean, free: number | null, details: Details | null, files: ReadonlySet<string>,
 *   contents: ReadonlySet<string>, isCut: boolean }} Cached
 *   whether the cache has answered; free bytes of the volume; the repository; paths of the revision that is looked at, and those
 *   whose content is there, whichever revision has it; whether there are more revisions than were looked at
 */
/** @typedef {import("../types").CachedRepoDetails} Details */

/** @type {Cached} */
const UNKNOWN = { isKnown: false, free: null, details: null, files: new Set(), contents: new Set(), isCut: false };
/** Revisions whose contents are looked at: each is a request of its own. */
const MAX_REVISIONS = 5;
/** Where the cache has a repository. @param {Analysis} analysis */
export const placeOf = ({ repo, is_dataset }) => ({ repo, type: /** @type {"dataset" | "model"} */ (is_dataset ? "dataset" : "model") });

/** Asks the list first: that a repository is not there is no error. @param {Analysis} analysis @param {AbortSignal} abort @returns {Promise<Cached>} */
async function look(analysis, abort) {
  const place = placeOf(analysis);
  const list = await service.cache({ type: place.type, search: place.repo }, abort);
  const free = list.volume?.freeBytes ?? null;
  if (!list.repos.some((one) => one.repo === place.repo)) return { ...UNKNOWN, isKnown: true, free };
  const details = await service.cachedRepo(place, abort);
  const isHere = (/** @type {Details["revisions"][number]} */ one) => one.commit === analysis.commit;
  const newest = details.revisions.toSorted((a, b) => Date.parse(b.lastModified) - Date.parse(a.lastModified));
  const others = newest.filter((one) => !isHere(one));
  /** @type {Set<string>} */
  const files = new Set();
  /** @type {Set<string | undefined>} */
  const blobs = new Set();
  for (const one of [...details.revisions.filter(isHere), ...others].slice(0, MAX_REVISIONS)) {
    for (const { path, blob } of await service.cachedFiles(place, one.commit, abort)) {
      blobs.add(blob);
      if (isHere(one)) files.add(path);
    }
  }
  const there = analysis.files.filter(({ path, sha256 }) => files.has(path) || blobs.has(sha256));
  return { isKnown: true, free, details, files, contents: new Set(there.map(({ path }) => path)), isCut: details.revisions.length > MAX_REVISIONS };
}

/** @param {Analysis} analysis */
export function useCached(analysis) {
  const [cached, setCached] = useState(UNKNOWN);
  useEffect(() => {
    const abort = new AbortController();
    // Without it everything but a hint works.
    look(analysis, abort.signal).then(setCached, () => null);
    return () => abort.abort();
  }, [analysis]);
  return cached;
}

/** @param {{ analysis: Analysis, cached: Cached }} props */
export function CachedLine({ analysis, cached: { isKnown, free, details } }) {
  // Without a view of its volume nothing is known of the cache.
  if (!isKnown || (!details && free === null)) return null;
  if (!details) return html`<p class="faint">Nothing of it is in the cache.</p>`;
  const here = details.revisions.find((one) => one.commit === analysis.commit);
  const link = html`<a href=${href("cache", [details.type, details.repo])}>in the cache</a>`;
  if (here?.state === "complete") return html`<p class="good">✓ This revision is ${link}, complete.</p>`;
  const part = here && `${count(here.fileCount, "file")} of ${analysis.file_count.toLocaleString("en")}`;
  const what = here?.state === "unknown" ? `${part} of this revision; whether that is all is not known` : part ? `this revision in part, ${part}` : "other revisions";
  return html`<p class="faint">${bytes(details.size)} of it ${details.size ? "are" : "is"} ${link}: ${what}.</p>`;
}
