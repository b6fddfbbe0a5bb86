// What the page just did, as lines to copy.
import { html, useState } from "../html.js";
import { lastSent } from "../api.js";
import { telling } from "./toasts.js";

/** @param {string} text for a POSIX shell */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @param {import("../api.js").Sent} sent */
export function curl({ method, path, body }) {
  const url = quoted(new URL(path, document.baseURI).href);
  const data = body === undefined ? "" : ` -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;
  return `curl -X ${method} ${url}${data}`;
}

/** @param {import("../api.js").Sent} sent */
export function python({ method, path, body }) {
  const url = JSON.stringify(new URL(path, document.baseURI).href);
  const json = body === undefined ? "" : `, json=${literal(body)}`;
  return `import requests\nrequests.request(${JSON.stringify(method)}, ${url}${json}).json()`;
}

/** A value as Python writes it. @param {any} value @returns {string} */
function literal(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${literal(one)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}

export function Commands() {
  const [shown, setShown] = useState("curl");
  const sent = lastSent.value;
  if (!sent) return null;
  const text = shown === "curl" ? curl(sent) : python(sent);
  const copy = () => telling(() => navigator.clipboard.writeText(text), "Copied");
  return html`<details class="commands">
    <summary>The same from a program</summary>
    <div class="row">
      ${["curl", "python"].map(
        (kind) => html`<button type="button" key=${kind} aria-pressed=${kind === shown} onClick=${() => setShown(kind)}>
          ${kind === "curl" ? "curl" : "Python"}
        </button>`,
      )}
      <button type="button" onClick=${copy}>Copy</button>
    </div>
    <pre tabindex="0"><code>${text}</code></pre>
  </details>`;
}
