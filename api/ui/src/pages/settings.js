// Every setting with its limits.
import { html, useEffect, useState } from "../html.js";
import { forget, isKept, token } from "../access.js";
import * as service from "../service.js";
import { telling } from "../parts/toasts.js";

/** @typedef {"maxActive" | "connections" | "multipartThreshold" | "verify" | "retries"} Name */
/** @typedef {{ name: Name, title: string, help: string, min?: number, max?: number, choices?: string[] }} FieldOf */

/** @type {FieldOf[]} */
const FIELDS = [
  { name: "maxActive", title: "Jobs that run at a time", help: "1 to 256, over all processes. Fewer stop no running job.", min: 1, max: 256 },
  { name: "connections", title: "Connections", help: "1 to 64, for each large file or each batch of small ones.", min: 1, max: 64 },
  { name: "multipartThreshold", title: "Fetched in parts from", help: "A size with a unit, such as 32MiB. Smaller files come in one piece." },
  { name: "verify", title: "Verification", help: "How content is checked before it is published. sha256 is the one that never lets a wrong byte through.", choices: ["sha256", "size", "none"] },
  { name: "retries", title: "Retries", help: "0 to 20 failures of a connection in a row, without progress, until its file is given up.", min: 0, max: 20 },
];

export function SettingsPage() {
  const [settings, setSettings] = useState(/** @type {import("../types").Settings | null} */ (null));
  const [changed, setChanged] = useState(/** @type {import("../types").SettingsChange} */ ({}));
  const load = () => telling(async () => setSettings(await service.settings()));
  useEffect(() => void load(), []);
  if (!settings) return html`<h1>Settings</h1><p class="faint" role="status">Reading the settings …</p>`;
  const set = (/** @type {Name | "token"} */ name, /** @type {string | number} */ value) => setChanged({ ...changed, [name]: value });
  const save = (/** @type {Event} */ event) => {
    event.preventDefault();
    return telling(async () => {
      await service.changeSettings(changed);
      setChanged({});
      setSettings(await service.settings());
    }, "Saved for all processes");
  };
  const reset = (/** @type {Name | "token"} */ name) =>
    telling(async () => {
      await service.changeSettings({ [name]: null });
      const { [name]: _, ...others } = changed;
      setChanged(others);
      setSettings(await service.settings());
    }, "Back to what the processes were started with");
  return html`
    <h1>Settings</h1>
    <p class="faint">They are in force for all processes, within three seconds, and outlive restarts.</p>
    <form class="settings" onSubmit=${save}>
      <div class="setting">
        <label for="token">Token of the Hub</label>
        <div class="row"><input id="token" class="grow" type="password" autocomplete="off" value=${changed.token ?? ""} aria-describedby="token-help"
          placeholder=${settings.token ? `set: ${settings.token}` : "none"} onInput=${(/** @type {import("../types").Input} */ event) => set("token", event.currentTarget.value)} />
          <button type="button" aria-label="Back to the configured token" onClick=${() => reset("token")}>Default</button></div>
        <p id="token-help" class="faint small">For private and gated repositories. It is kept encrypted, sent to the Hub alone, and cannot be read here.</p>
      </div>
      ${FIELDS.map((field) => html`<${Field} key=${field.name} field=${field} value=${changed[field.name] ?? settings[field.name]} set=${set} reset=${reset} />`)}
      <button class="primary" disabled=${Object.keys(changed).length === 0}>Save</button>
    </form>
    ${token.value && html`<h2>This browser</h2>
      <div class="row"><span class="grow">The API token of this page is kept ${isKept.value ? "on this device" : "until this tab is closed"}.</span>
        <button type="button" onClick=${forget}>Forget it</button></div>`}
    <h2>Set at the start</h2>
    <dl class="facts">
      <div><dt>Cache folder</dt><dd><code>${settings.cacheDir}</code></dd></div>
      <div><dt>Hub</dt><dd>${settings.endpoint || "https://huggingface.co"}</dd></div>
    </dl>
  `;
}

/** @param {{ field: FieldOf, value: string | number, set: (name: Name, value: string | number) => void, reset: (name: Name) => void }} props */
function Field({ field, value, set, reset }) {
  const { name, title, help, choices, min, max } = field;
  const described = `${name}-help`;
  const isNumber = min !== undefined;
  const onInput = (/** @type {import("../types").Input} */ event) => set(name, isNumber ? event.currentTarget.valueAsNumber : event.currentTarget.value);
  return html`<div class="setting">
    <label for=${name}>${title}</label>
    <div class="row">
      ${choices
        ? html`<select id=${name} class="grow" value=${value} aria-describedby=${described} onChange=${onInput}>${choices.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}</select>`
        : html`<input id=${name} class="grow" type=${isNumber ? "number" : "text"} min=${min} max=${max} required value=${value} aria-describedby=${described} onInput=${onInput} />`}
      <button type="button" aria-label=${`${title}: back to the default`} onClick=${() => reset(name)}>Default</button>
    </div>
    <p id=${described} class="faint small">${help}</p>
  </div>`;
}
