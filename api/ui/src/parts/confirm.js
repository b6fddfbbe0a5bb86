// A question before something that cannot be undone.
import { html, useEffect, useRef } from "../html.js";

/** Without `confirm` there is nothing to be done. @param {{ title: string, action?: string, danger?: boolean, confirm?: (() => void) | undefined, close: () => void, children?: any }} props */
export function Confirm({ title, action, danger, confirm, close, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    // A dialog that goes with its markup gives the focus back to nobody.
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  return html`<dialog ref=${dialog} aria-labelledby="question" onClose=${close}>
    <h2 id="question">${title}</h2>
    ${children}
    <div class="row">
      ${confirm && html`<button type="button" class=${danger ? "danger primary" : "primary"} onClick=${confirm}>${action}</button>`}
      <button type="button" autofocus onClick=${close}>${confirm ? "Keep it as it is" : "Close"}</button>
    </div>
  </dialog>`;
}
