// Removes what no revision needs, after it has said what that is.
import { html, useState } from "../html.js";
import * as service from "../service.js";
import { bytes, count } from "../format.js";
import { Confirm } from "../parts/confirm.js";
import { telling } from "../parts/toasts.js";

const KINDS = { blob: "content", partial: "begun and left", temporary: "left by a removal" };

/** @param {{ done: () => void }} props */
export function Prune({ done }) {
  const [found, setFound] = useState(/** @type {import("../types").Pruned | null} */ (null));
  const look = () => telling(async () => setFound(await service.prune({ dryRun: true })));
  const clear = () =>
    telling(async () => {
      setFound(null);
      await service.prune({});
      done();
    }, "The cache is cleared");
  return html`<button type="button" onClick=${look}>Clear up …</button>
    ${found && html`<${Confirm} title="Clear up the cache?" action="Clear up" confirm=${found.freedBytes ? clear : undefined} close=${() => setFound(null)}>
      <p>${found.freedBytes ? html`Frees <strong>${bytes(found.freedBytes)}</strong>: contents that no revision has, and what was begun and left.` : "There is nothing to clear."}</p>
      ${found.unused.length > 0 && html`<details><summary>${count(found.unused.length, "thing")}</summary>
        <ul class="plain small tall" tabindex="0" aria-label="What would go">${found.unused.map(
          ({ path, kind, size }) => html`<li key=${path} class="path"><bdi>${path}</bdi> <span class="faint">${KINDS[kind]}, ${bytes(size)}</span></li>`,
        )}</ul></details>`}
      ${found.failures.length > 0 && html`<p>Left alone:</p>
        <ul class="small">${found.failures.map((one) => html`<li key=${one} class="path"><bdi>${one}</bdi></li>`)}</ul>`}
    <//>`}`;
}
