// What a job did to the cache.
import { html } from "../html.js";
import { bytes, count } from "../format.js";

/** @param {{ job: import("../types").Job }} props */
export function Outcome({ job: { outcome } }) {
  if (!outcome) return null;
  const { freedBytes, removed, failures } = outcome;
  return html`
    ${removed.length > 0 && html`<p>Freed ${bytes(freedBytes)}: ${count(removed.length, "thing")} removed.</p>`}
    ${failures.length > 0 && html`<h2>What could not be done</h2>
      <ul class="small">${failures.map((one) => html`<li key=${one} class="warn path"><bdi>${one}</bdi></li>`)}</ul>`}
  `;
}
