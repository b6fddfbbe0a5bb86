// How far something is.
import { html } from "../html.js";
import { percent } from "../format.js";

/** Where all of nothing is done. */
const DONE = ["complete", "completed"];

/** @param {{ part: number, whole: number, label: string, state?: string }} props */
export function Bar({ part, whole, label, state = "" }) {
  const share = whole > 0 || DONE.includes(state) ? percent(part, whole) : 0;
  return html`<div class="bar ${state}" role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax="100"
    aria-valuenow=${Math.floor(share)}><div style=${{ transform: `scaleX(${share / 100})` }}></div></div>`;
}
