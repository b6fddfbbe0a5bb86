// What the analysis says of each thing that a repository is: simple values as they are named.
import { html } from "../html.js";
import { bytes } from "../format.js";

const SECTIONS = ["gguf", "transformers", "diffusers", "lora", "quantized", "onnx", "audio", "vision", "multimodal", "dataset"];
const MAX_LISTED = 12;

/** @param {string} name such as `context_length` */
const words = (name) => name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());

/** @param {string} name @param {any} value @returns {string | null} null for what is not shown */
function shown(name, value) {
  if (value === null || value === "" || name.endsWith("_human")) return null;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return /(size|bytes|ram)$/.test(name) ? bytes(value) : value.toLocaleString("en");
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.length && value.every((one) => typeof one !== "object")) {
    const more = value.length - MAX_LISTED;
    return value.slice(0, MAX_LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "");
  }
  return null;
}

/** @param {{ analysis: any }} props */
export function Facts({ analysis }) {
  return SECTIONS.filter((section) => analysis[section]).map((section) => {
    const values = { ...analysis[section], ...(analysis[section].header ?? {}) };
    const facts = Object.entries(values).flatMap(([name, value]) => {
      const text = shown(name, value);
      return text === null ? [] : [{ name, text }];
    });
    return facts.length > 0 && html`<dl key=${section} class="facts" aria-label=${section}>
      ${facts.map(({ name, text }) => html`<div key=${name}><dt>${words(name)}</dt><dd><bdi>${text}</bdi></dd></div>`)}
    </dl>`;
  });
}
