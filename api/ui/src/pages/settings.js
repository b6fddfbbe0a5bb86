// Every setting with its limits.
import { html, useEffect, useState } from "../html.js";
import { forget, isKept, token } from "../access.js";
import { ApiError } from "../api.js";
import * as service from "../service.js";
import { saveFocus } from "../parts/heading.js";
import { done, failed, telling } from "../parts/toasts.js";

/** @typedef {import("../types").Settings} Settings */
/** @typedef {"token" | "maxActive" | "connections" | "multipartThreshold" | "verify" | "retries" | "maxBytesPerSecond"} Name */
/** @typedef {{ name: Name, title: string, help: string, limits?: [number, number], choices?: Record<string, string> }} FieldOf */
/** @typedef {Partial<Record<Name, string>>} Texts by the names of fields */
/** @typedef {Partial<Record<Name, string | null>>} Changes by the names of fields: what was typed, null for the default */

/** @type {FieldOf[]} */
const FIELDS = [
  { name: "token", title: "Token of the Hub", help: "For private and gated repositories. It is kept encrypted, sent to the Hub alone, and cannot be read here." },
  { name: "maxActive", title: "Jobs that run at a time", help: "1 to 256, over all processes. Fewer stop no running job.", limits: [1, 256] },
  { name: "connections", title: "Connections", help: "1 to 64, for each large file or each batch of small ones.", limits: [1, 64] },
  { name: "multipartThreshold", title: "Fetched in parts from", help: "A size with a unit, such as 32MiB. Smaller files come in one piece." },
  {
    name: "verify",
    title: "Verification",
    help: "How content is checked before it is published. Only the hash never lets a wrong byte through.",
    choices: { sha256: "By hash (sha256)", size: "By size", none: "Not at all" },
  },
  {
    name: "maxBytesPerSecond",
    title: "Bandwidth",
    help: "What all processes together receive at most in a second: a size with a unit, such as 100MiB, at least 64KiB; 0 for no limit. It counts for running jobs, too.",
  },
  { name: "retries", title: "Retries", help: "0 to 20 failures of a connection in a row, without progress, until its file is given up.", limits: [0, 20] },
];

/** Stands in a field that goes back with the next change. */
const DEFAULT = "what the processes were started with";

/** What is wrong with a field that takes a number. @param {FieldOf} field @param {string | null | undefined} text undefined when it is as it was */
function fault({ limits }, text) {
  if (!limits || typeof text !== "string") return "";
  const [min, max] = limits;
  const isWhole = /^\d+$/.test(text.trim());
  return isWhole && Number(text) >= min && Number(text) <= max ? "" : `Type a whole number from ${min} to ${max}.`;
}

/** What the server says of each field: `connections: …; verify: …`. @param {unknown} error @returns {Texts} */
function faultsIn(error) {
  const details = error instanceof ApiError ? error.details : "";
  return Object.fromEntries(
    details.split(/; (?=\w+: )/).flatMap((one) => {
      const [, name, text] = /^(\w+): (.*)$/.exec(one) ?? [];
      return name && FIELDS.some((field) => field.name === name) ? [[name, text]] : [];
    }),
  );
}

export function SettingsPage() {
  const [settings, setSettings] = useState(/** @type {Settings | null} */ (null));
  const [typed, setTyped] = useState(/** @type {Changes} */ ({}));
  const [isSaving, setSaving] = useState(false);
  const [wrong, setWrong] = useState("");
  const [faults, setFaults] = useState(/** @type {Texts} */ ({}));
  const load = async () => setSettings(await service.settings());
  const open = () => {
    setWrong("");
    load().catch((error) => setWrong(error.message));
  };
  useEffect(open, []);
  const again = () => {
    open();
    saveFocus();
  };
  if (!settings) return html`<h1>Settings</h1><${Reading} wrong=${wrong} again=${again} /><${Browser} />`;
  const number = Object.keys(typed).length;
  const keep = (/** @type {Changes} */ next) => {
    setTyped(next);
    setFaults({});
  };
  const set = (/** @type {Name} */ name, /** @type {string | null} */ text) => {
    const { [name]: _, ...others } = typed;
    // What is being saved is about to be another value.
    keep(text === asIs(settings, name) && !isSaving ? others : { ...typed, [name]: text });
  };
  const refuse = (/** @type {Texts} */ found) => {
    setFaults(found);
    const first = FIELDS.find(({ name }) => found[name]);
    if (first) document.getElementById(first.name)?.focus();
  };
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (isSaving || !number) return undefined;
    const found = Object.fromEntries(FIELDS.flatMap((field) => (fault(field, typed[field.name]) ? [[field.name, fault(field, typed[field.name])]] : [])));
    if (Object.keys(found).length) return refuse(found);
    const isNumber = (/** @type {string} */ name) => FIELDS.some((field) => field.name === name && field.limits);
    const changes = Object.entries(typed).map(([name, text]) => [name, text !== null && isNumber(name) ? Number(text) : text]);
    setSaving(true);
    try {
      await service.changeSettings(Object.fromEntries(changes));
    } catch (error) {
      failed(error);
      return refuse(faultsIn(error));
    } finally {
      setSaving(false);
    }
    // What was typed meanwhile is not saved.
    setTyped((now) => Object.fromEntries(Object.entries(now).filter(([name, text]) => typed[/** @type {Name} */ (name)] !== text)));
    setFaults({});
    done("Saved for all processes");
    return void telling(load);
  };
  const discard = () => {
    keep({});
    saveFocus();
  };
  return html`
    <h1>Settings</h1>
    <p class="faint">They are in force for all processes, within three seconds, and outlive restarts.</p>
    <form class="settings" noValidate onSubmit=${save}>
      ${FIELDS.map(
        (field) => html`<${Field} key=${field.name} field=${field} settings=${settings} text=${typed[field.name]} fault=${faults[field.name] ?? ""} set=${set} />`,
      )}
      <div class="row"><button class="primary" aria-disabled=${isSaving || !number}>Save</button>
        ${number > 0 && html`<button type="button" onClick=${discard}>Discard</button> <span class="faint">Not saved yet</span>`}</div>
    </form>
    <${Browser} />
    <h2>Set at the start</h2>
    <dl class="facts">
      <div><dt>Cache folder</dt><dd><code><bdi>${settings.cacheDir}</bdi></code></dd></div>
      <div><dt>Hub</dt><dd><bdi>${settings.endpoint || "https://huggingface.co"}</bdi></dd></div>
    </dl>
  `;
}

/** @param {{ wrong: string, again: () => void }} props */
function Reading({ wrong, again }) {
  if (!wrong) return html`<p class="faint" role="status">Reading the settings …</p>`;
  return html`<div class="card" role="alert"><p class="error path"><bdi>${wrong}</bdi></p><button type="button" onClick=${again}>Try again</button></div>`;
}

/** A field without a change. The token is never shown. @param {Settings} settings @param {Name} name */
const asIs = (settings, name) => (name === "token" ? "" : String(settings[name]));

/**
 * @param {{ field: FieldOf, settings: Settings, text: string | null | undefined, fault: string, set: (name: Name, text: string | null) => void }} props
 */
function Field({ field, settings, text, fault, set }) {
  const { name, title, help, choices, limits } = field;
  // The default is not known here, so that its field is empty.
  const isDefault = text === null;
  const value = isDefault ? "" : text ?? asIs(settings, name);
  const given = {
    id: name,
    class: "grow",
    value,
    "aria-describedby": `${name}-fault ${name}-help`,
    "aria-invalid": fault !== "",
    onInput: (/** @type {import("../types").Input} */ event) => set(name, event.currentTarget.value),
  };
  const secret = name === "token" && { type: "password", autocomplete: "off", placeholder: settings.token ? `set: ${settings.token}` : "none" };
  const cleared = isDefault && { placeholder: DEFAULT };
  return html`<div class="setting">
    <label for=${name}>${title}${text !== undefined && html` <span class="badge accent">changed</span>`}</label>
    <div class="row">
      ${choices
        ? html`<select ...${given}>${isDefault && html`<option value="">${DEFAULT}</option>`}
            ${Object.entries(choices).map(([one, words]) => html`<option key=${one} value=${one}>${words}</option>`)}</select>`
        : html`<input type="text" inputmode=${limits ? "numeric" : undefined} autocomplete="off" spellcheck=${false} ...${given} ...${secret} ...${cleared} />`}
      <button type="button" aria-label=${`${title}: back to the default`} onClick=${() => set(name, null)}>Default</button>
    </div>
    <p id=${`${name}-fault`} class="error small">${fault}</p>
    <p id=${`${name}-help`} class="faint small">${help}</p>
  </div>`;
}

/** What this browser keeps. */
function Browser() {
  if (!token.value) return null;
  return html`<h2>This browser</h2>
    <div class="row"><p class="grow">The API token of this page is kept ${isKept.value ? "on this device" : "until this tab is closed"}. Once
      it is forgotten, the page asks for one at once: it shows nothing without.</p>
      <button type="button" onClick=${forget}>Forget it</button></div>`;
}
