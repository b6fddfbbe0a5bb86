// Asks for the API token where the service wants one.
import { html, useEffect, useRef, useState } from "../html.js";
import { asked, BASE, take, wantsToken } from "../access.js";

const REASONS = {
  missing: "It was started with API tokens. Whoever runs it can give you one.",
  refused: "The token that this page has is not taken any more. What you were doing goes on with a new one.",
};

export function SignIn() {
  return asked.value && html`<${Form} reason=${REASONS[asked.value]} />`;
}

/** Whether the service takes a token. @param {string} token @returns {Promise<string>} what is wrong; empty when nothing is */
async function fault(token) {
  // No other characters can be in a header.
  if (!/^[\x21-\x7e]+$/.test(token)) return "A token consists of letters, digits and signs, without spaces.";
  try {
    const response = await fetch(new URL("api/jobs?limit=1", BASE), { headers: { Authorization: `Bearer ${token}` } });
    return wantsToken(response) ? "The service does not take this token." : "";
  } catch {
    return "The service does not answer: check that it runs and that your network reaches it.";
  }
}

/** @param {{ reason: string }} props */
function Form({ reason }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [text, setText] = useState("");
  const [keep, setKeep] = useState(false);
  const [wrong, setWrong] = useState("");
  const show = () => dialog.current?.open || dialog.current?.showModal();
  useEffect(() => {
    const before = document.activeElement;
    show();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const given = text.trim();
    const found = await fault(given);
    if (found) setWrong(found);
    else take(given, keep);
  };
  // Without a token there is nothing behind it.
  return html`<dialog ref=${dialog} class="sign-in" aria-labelledby="sign-in-title" onCancel=${(/** @type {Event} */ event) => event.preventDefault()} onClose=${show}>
    <form onSubmit=${submit}>
      <h2 id="sign-in-title">This service wants an API token</h2>
      <p class="faint">${reason}</p>
      <label for="api-token">API token</label>
      <input id="api-token" type="password" autocomplete="off" autofocus required value=${text} aria-invalid=${wrong !== ""} aria-describedby="api-token-wrong"
        onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)} />
      <p id="api-token-wrong" class="error" role="alert">${wrong}</p>
      <label><input type="checkbox" checked=${keep} onChange=${(/** @type {any} */ event) => setKeep(event.currentTarget.checked)} /> Keep it on this device</label>
      <p class="faint small">Otherwise it is forgotten with this tab.</p>
      <button class="primary">Continue</button>
    </form>
  </dialog>`;
}
