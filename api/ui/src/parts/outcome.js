// What a job did to the cache.
import { html, useEffect, useState } from "../html.js";
import * as service from "../service.js";
import { bytes, count } from "../format.js";

/** Entries of each list in a message: there may be more of so many. */
const MESSAGE_ENTRIES = 100;

/** @typedef {import("../types").Job} Job */

/** @param {{ job: Job }} props */
export function Outcome({ job: { id, outcome, attempts } }) {
  const mayBeCut = Boolean(outcome && [outcome.removed, outcome.failures].some(({ length }) => length >= MESSAGE_ENTRIES));
  const [whole, setWhole] = useState(/** @type {Job["outcome"] | undefined} */ (undefined));
  useEffect(() => {
    setWhole(undefined);
    if (!mayBeCut) return undefined;
    const abort = new AbortController();
    // What is known without it is told as what it is.
    service.oneJob(id, abort.signal).then((one) => setWhole(one.outcome), () => null);
    return () => abort.abort();
  }, [id, attempts, mayBeCut]);
  if (!outcome) return null;
  const { freedBytes, removed, failures } = whole ?? outcome;
  const atLeast = mayBeCut && !whole ? "at least " : "";
  const shown = failures.slice(0, MESSAGE_ENTRIES);
  return html`
    ${removed.length > 0 && html`<p>Freed ${bytes(freedBytes)}: ${atLeast}${count(removed.length, "thing")} removed.</p>`}
    ${failures.length > 0 && html`<h2>What could not be done</h2>
      <ul class="small">${shown.map((one) => html`<li key=${one} class="warn path"><bdi>${one}</bdi></li>`)}</ul>
      ${failures.length > shown.length && html`<p class="faint small">and ${(failures.length - shown.length).toLocaleString("en")} more</p>`}`}
  `;
}
