// Removes what no revision needs, after it has said what that is.
import { html, useState } from "../html.js";
import * as service from "../service.js";
import { bytes, count } from "../format.js";
import { href } from "../route.js";
import { Confirm } from "../parts/confirm.js";
import * as toasts from "../parts/toasts.js";

/** @typedef {import("../types").Pruned} Pruned */

/** The service lists no more. */
const MAX_LISTED = 1000;

const KINDS = { blob: "content", partial: "begun and left", temporary: "left by a removal" };

/** @param {{ done: () => void }} props */
export function Prune({ done }) {
  const [found, setFound] = useState(/** @type {Pruned | null} */ (null));
  /** What came of it, when that is not all that was found. */
  const [left, setLeft] = useState(/** @type {Pruned | null} */ (null));
  const look = () => toasts.telling(async () => setFound(await service.prune({ dryRun: true })));
  const clear = () =>
    toasts.telling(async () => {
      setFound(null);
      const answer = await service.prune({});
      if (answer.success) toasts.done(`The cache is cleared: ${answer.message}`);
      else setLeft(answer);
      done();
    });
  return html`<button type="button" onClick=${look}>Clear up …</button>
    ${found && html`<${Confirm} title="Clear up the cache?" action="Clear up" confirm=${found.unused.length ? clear : undefined} close=${() => setFound(null)}>
      <p>${found.unused.length ? html`Frees <strong>${bytes(found.freedBytes)}</strong>: contents that no revision has, and what was begun and left.` : "There is nothing to clear."}</p>
      ${found.unused.length > 0 && html`<details><summary>${found.unused.length >= MAX_LISTED && "at least "}${count(found.unused.length, "thing")}</summary>
        <ul class="plain small tall" tabindex="0" aria-label="What would go">${found.unused.map(
          ({ path, kind, size }) => html`<li key=${path} class="path"><bdi>${path}</bdi> <span class="faint">${KINDS[kind]}, ${bytes(size)}</span></li>`,
        )}</ul></details>`}
      <${Failures} failures=${found.failures} />
    <//>`}
    ${left && html`<${Confirm} title="Not everything is cleared" close=${() => setLeft(null)}>
      <p>${left.message}.</p>
      <${Failures} failures=${left.failures} />
      ${left.pending.length > 0 && html`<p>Still to be done, by ${left.pending.length > 1 ? "these jobs" : "this job"}:</p>
        <ul class="small tall" tabindex="0" aria-label="Jobs that go on">${left.pending.map((id) => html`<li key=${id}><a href=${href("jobs", [id])}><code>${id}</code></a></li>`)}</ul>`}
    <//>`}`;
}

/** @param {{ failures: string[] }} props */
function Failures({ failures }) {
  return failures.length > 0 && html`<p>Left alone:</p>
    <ul class="small tall" tabindex="0" aria-label="Left alone">${failures.map((one) => html`<li key=${one} class="path"><bdi>${one}</bdi></li>`)}</ul>`;
}
