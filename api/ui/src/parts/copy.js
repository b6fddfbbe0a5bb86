// What the page just did, as lines to copy. Secrets are variables in them.
import { html, useState } from "../html.js";
import { BASE, token, wantsPassword } from "../access.js";
import { HUB_TOKEN, lastSent } from "../api.js";
import { telling } from "./toasts.js";

/** @typedef {import("../api.js").Sent} Sent */
/** @typedef {"token" | "password" | "nothing"} Wanted what lets a program in */

/** @param {string} text for a POSIX shell */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @param {string} path */
const address = (path) => new URL(path, BASE).href;

/** @param {Sent} sent @param {Wanted} wanted */
export function curl({ method, path, body }, wanted) {
  const parts = [method === "GET" ? "curl" : `curl -X ${method}`, quoted(address(path))];
  if (wanted === "token") parts.push('-H "Authorization: Bearer $HFD_API_TOKEN"');
  if (wanted === "password") parts.push('-u "$HFD_AUTH_USER:$HFD_AUTH_PASS"');
  if (body) {
    // The variable stands outside the quotes of the shell, inside those of JSON.
    const json = quoted(JSON.stringify(body)).replace(`"${HUB_TOKEN}"`, `"'"${HUB_TOKEN}"'"`);
    parts.push("-H 'Content-Type: application/json'", `-d ${json}`);
  }
  return parts.join(" \\\n  ");
}

/** @param {Sent} sent @param {Wanted} wanted */
export function python({ method, path, body }, wanted) {
  const given = [JSON.stringify(method), JSON.stringify(address(path))];
  if (wanted === "token") given.push('headers={"Authorization": "Bearer " + os.environ["HFD_API_TOKEN"]}');
  if (wanted === "password") given.push('auth=(os.environ["HFD_AUTH_USER"], os.environ["HFD_AUTH_PASS"])');
  if (body) given.push(`json=${literal(body)}`);
  const call = `answer = requests.request(\n    ${given.join(",\n    ")},\n)`;
  return `${call.includes("os.environ") ? "import os\n" : ""}import requests\n\n${call}\nprint(answer.json())`;
}

/** A value as Python writes it. @param {unknown} value @returns {string} */
function literal(value) {
  if (value === null) return "None";
  if (value === HUB_TOKEN) return 'os.environ["HFD_TOKEN"]';
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}: ${literal(one)}`).join(", ")}}`;
}

const LANGUAGES = { curl: { title: "curl", write: curl }, python: { title: "Python", write: python } };

const VARIABLES = {
  token: "Put the API token into the variable HFD_API_TOKEN.",
  password: "Put user and password into the variables HFD_AUTH_USER and HFD_AUTH_PASS.",
  nothing: "",
};

export function Commands() {
  const [shown, setShown] = useState(/** @type {keyof typeof LANGUAGES} */ ("curl"));
  const [hasPassword, setPassword] = useState(false);
  const sent = lastSent.value;
  if (!sent) return null;
  /** @type {Wanted} */
  const wanted = token.value ? "token" : hasPassword ? "password" : "nothing";
  const text = LANGUAGES[shown].write(sent, wanted);
  const look = (/** @type {{ currentTarget: HTMLDetailsElement }} */ event) => {
    if (event.currentTarget.open && !token.peek()) wantsPassword().then(setPassword, () => null);
  };
  const copy = () => telling(() => navigator.clipboard.writeText(text), "Copied");
  return html`<details class="commands" onToggle=${look}>
    <summary>The same from a program <code class="faint">${sent.method} <bdi>${sent.path.split("?")[0]}</bdi></code></summary>
    <div class="row" role="group" aria-label="Language">
      ${/** @type {(keyof typeof LANGUAGES)[]} */ (Object.keys(LANGUAGES)).map(
        (kind) => html`<button type="button" key=${kind} aria-pressed=${kind === shown} onClick=${() => setShown(kind)}>${LANGUAGES[kind].title}</button>`,
      )}
      <button type="button" onClick=${copy}>Copy</button>
    </div>
    <pre tabindex="0" aria-label="Lines to copy"><code>${text}</code></pre>
    ${VARIABLES[wanted] && html`<p class="faint small">${VARIABLES[wanted]}</p>`}
  </details>`;
}
