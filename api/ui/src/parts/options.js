// What else can be said of a download.
import { html, useState } from "../html.js";

/** @typedef {import("../types").Priority} Priority */
/** @typedef {import("../types").Transfer} Transfer */
/** @typedef {{ filters: string, excludes: string, priority: Priority, transfer: Transfer }} Chosen as it was typed */

/** @type {Chosen} */
export const NO_OPTIONS = { filters: "", excludes: "", priority: "normal", transfer: "auto" };

const PRIORITIES = /** @type {Record<Priority, string>} */ ({ high: "High: before all others", normal: "Normal", low: "Low: after all others" });

const TRANSFERS = /** @type {Record<Transfer, string>} */ ({ auto: "Automatic: Xet above 50 GB", http: "Plain HTTP", xet: "Xet, where the Hub has it" });

/** The patterns of a field, which commas separate. @param {string} text */
export const patterns = (text) => text.split(",").map((one) => one.trim()).filter(Boolean);

/** @param {{ options: Chosen, change: (options: Chosen) => void }} props */
export function Options({ options, change }) {
  const set = (/** @type {keyof Chosen} */ name) => (/** @type {{ currentTarget: HTMLInputElement | HTMLSelectElement }} */ event) =>
    change({ ...options, [name]: event.currentTarget.value });
  // Open when it comes with patterns; from then on it is opened and closed by hand.
  const [isOpen] = useState(Boolean(options.filters || options.excludes));
  return html`<details class="card options" open=${isOpen}>
    <summary>Filters and priority</summary>
    <div class="fields">
      <${Patterns} id="filters" title="Take also what matches" value=${options.filters} set=${set("filters")} placeholder="q4_k_m, *.safetensors"
        help="Parts of a path, or globs with * and ?, separated by commas. Configuration and other small files come along." />
      <${Patterns} id="excludes" title="Leave out what matches" value=${options.excludes} set=${set("excludes")} placeholder="*.bin, onnx/*"
        help="Written the same way. It beats what is taken." />
      <div><label for="priority">Priority</label>
        <select id="priority" value=${options.priority} onChange=${set("priority")}>
          ${Object.entries(PRIORITIES).map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}
        </select></div>
      <div><label for="transfer">Transfer</label>
        <select id="transfer" value=${options.transfer} onChange=${set("transfer")}>
          ${Object.entries(TRANSFERS).map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}
        </select></div>
    </div>
  </details>`;
}

/** @param {{ id: string, title: string, help: string, placeholder: string, value: string, set: (event: import("../types").Input) => void }} props */
function Patterns({ id, title, help, placeholder, value, set }) {
  return html`<div><label for=${id}>${title}</label>
    <input id=${id} type="text" value=${value} placeholder=${placeholder} autocomplete="off" autocapitalize="off" spellcheck=${false}
      aria-describedby=${`${id}-help`} onInput=${set} />
    <p id=${`${id}-help`} class="faint small">${help}</p></div>`;
}
