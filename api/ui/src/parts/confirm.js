// A question before something that cannot be undone.
import { html, useEffect, useRef } from "../html.js";

/** @param {{ title: string, action: string, danger?: boolean, confirm: () => void, close: () => void, children?: any }} props */
export function Confirm({ title, action, danger, confirm, close, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => dialog.current?.showModal(), []);
  return html`<dialog ref=${dialog} aria-labelledby="question" onClose=${close}>
    <h2 id="question">${title}</h2>
    ${children}
    <div class="row">
      <button type="button" class=${danger ? "danger" : "primary"} onClick=${confirm}>${action}</button>
      <button type="button" autofocus onClick=${close}>Keep it as it is</button>
    </div>
  </dialog>`;
}
