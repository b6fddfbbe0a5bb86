// What the page just did, as lines to copy.
import { html, useRef, useState } from "../html.js";
import { BASE, token, wantsPassword } from "../access.js";
import { lastSent } from "../api.js";
import { curl, HUB_TOKEN, python } from "../lines.js";
import { done } from "./toasts.js";

const LANGUAGES = { curl: { title: "curl", write: curl }, python: { title: "Python", write: python } };

const VARIABLES = {
  token: "Put the API token into the variable HFD_API_TOKEN.",
  password: "Put user and password into the variables HFD_AUTH_USER and HFD_AUTH_PASS.",
  nothing: "",
};

/** Browsers open the clipboard only to https and to this machine: elsewhere the lines are at least selected. @param {string} text @param {Node | null} lines */
async function copied(text, lines) {
  try {
    await navigator.clipboard.writeText(text);
    done("Copied");
  } catch {
    if (lines) getSelection()?.selectAllChildren(lines);
    done("The lines are selected: copy them with the keyboard or the menu");
  }
}

export function Commands() {
  const [shown, setShown] = useState(/** @type {keyof typeof LANGUAGES} */ ("curl"));
  const [hasPassword, setPassword] = useState(false);
  const lines = useRef(/** @type {HTMLPreElement | null} */ (null));
  const sent = lastSent.value;
  if (!sent) return null;
  /** @type {import("../lines.js").Wanted} */
  const wanted = token.value ? "token" : hasPassword ? "password" : "nothing";
  const text = LANGUAGES[shown].write({ ...sent, url: new URL(sent.path, BASE).href }, wanted);
  const look = (/** @type {{ currentTarget: HTMLDetailsElement }} */ event) => {
    if (event.currentTarget.open && !token.peek()) wantsPassword().then(setPassword, () => null);
  };
  const hasHubToken = Object.values(sent.body ?? {}).includes(HUB_TOKEN);
  return html`<details class="commands" onToggle=${look}>
    <summary>The same from a program <code class="faint">${sent.method} <bdi>${sent.path.split("?")[0]}</bdi></code></summary>
    <div class="row" role="group" aria-label="Language">
      ${/** @type {(keyof typeof LANGUAGES)[]} */ (Object.keys(LANGUAGES)).map(
        (kind) => html`<button type="button" key=${kind} aria-pressed=${kind === shown} onClick=${() => setShown(kind)}>${LANGUAGES[kind].title}</button>`,
      )}
      <button type="button" onClick=${() => copied(text, lines.current)}>Copy</button>
    </div>
    <pre ref=${lines} tabindex="0" aria-label="Lines to copy"><code>${text}</code></pre>
    ${hasHubToken && html`<p class="faint small">Put the token of the Hub into the variable HFD_TOKEN.</p>`}
    ${VARIABLES[wanted] && html`<p class="faint small">${VARIABLES[wanted]}</p>`}
  </details>`;
}
