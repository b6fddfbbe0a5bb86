// Short messages that go by themselves; errors stay until they are closed.
import { html, signal } from "../html.js";
import { saveFocus } from "./heading.js";

const SHOWN_MS = 5000;
/** The oldest go first where there are more. */
const MAX_SHOWN = 6;

/** @typedef {{ id: number, kind: "done" | "error", text: string }} Toast */

/** @type {import("../html.js").Signal<Toast[]>} */
const toasts = signal([]);
let next = 0;

/** @param {Toast["kind"]} kind @param {string} text */
function show(kind, text) {
  const id = next++;
  toasts.value = [...toasts.value, { id, kind, text }].slice(-MAX_SHOWN);
  if (kind === "done") setTimeout(expire, SHOWN_MS, id);
}

/** One that has the focus stays for longer. @param {number} id */
function expire(id) {
  if (document.activeElement?.closest(`[data-toast="${id}"]`)) setTimeout(expire, SHOWN_MS, id);
  else close(id);
}

/** @param {number} id */
function close(id) {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Whoever closes it by the keyboard goes on from the heading. @param {MouseEvent} event @param {number} id */
function closeBy({ detail }, id) {
  close(id);
  if (detail === 0) saveFocus();
}

/** @param {string} text */
export const done = (text) => show("done", text);

/** @param {unknown} error */
export const failed = (error) => show("error", error instanceof Error ? error.message : String(error));

/**
 * Does something and tells how it went.
 * @template T
 * @param {() => Promise<T>} work
 * @param {string} [success]
 * @returns {Promise<T | undefined>}
 */
export async function telling(work, success) {
  try {
    const result = await work();
    if (success) done(success);
    return result;
  } catch (error) {
    failed(error);
    return undefined;
  }
}

export function Toasts() {
  return html`<div class="toasts" role="log" aria-label="Messages">
    ${toasts.value.map(
      ({ id, kind, text }) => html`<p key=${id} data-toast=${id} class="toast ${kind}" role=${kind === "error" ? "alert" : undefined}>
        <span>${text}</span>
        <button type="button" class="quiet" aria-label="Close this message" onClick=${(/** @type {MouseEvent} */ event) => closeBy(event, id)}>✕</button>
      </p>`,
    )}
  </div>`;
}
