// What the analysis says of each thing that a repository is. The most telling first; whatever else it says is shown as it is
// named, so that nothing is lost which this page does not know yet.
import { html } from "../html.js";
import { bytes, count, short } from "../format.js";
import { href } from "../route.js";
import { Lazy } from "./lazy.js";

/** @typedef {import("../types").Analysis} Analysis */
/** @typedef {Record<string, unknown>} Values */

/** `gptq` and `awq` say the same as `quantized`. */
const SECTIONS = /** @type {const} */ ({
  gguf: "GGUF",
  transformers: "Transformers",
  diffusers: "Pipeline",
  lora: "Adapter",
  quantized: "Quantization",
  onnx: "ONNX",
  audio: "Audio",
  vision: "Vision",
  multimodal: "Modalities",
  dataset: "Dataset",
});

/** Facts that are looked for first: where they are, and what to call them. */
const TELLING = /** @type {const} */ ([
  ["gguf", "parameter_count", "Parameters"],
  ["gguf", "header.architecture", "Architecture"],
  ["gguf", "header.context_length", "Context in tokens"],
  ["transformers", "estimated_parameters_num", "Parameters"],
  ["transformers", "architecture", "Architecture"],
  ["transformers", "precision", "Precision"],
  ["transformers", "context_length", "Context in tokens"],
  ["transformers", "estimated_ram", "Memory"],
  ["quantized", "method", "Quantization"],
  ["quantized", "bits_per_weight", "Bits per weight"],
  ["quantized", "estimated_vram", "Graphics memory"],
  ["lora", "base_model", "Base model"],
  ["lora", "rank", "Rank"],
  ["lora", "target_modules", "Changes"],
  ["diffusers", "pipeline_type", "Pipeline"],
  ["diffusers", "variants", "Variants"],
  ["onnx", "runtimes", "Runs with"],
  ["audio", "sample_rate", "Samples per second"],
  ["audio", "languages", "Languages"],
  ["vision", "image_size", "Image"],
  ["vision", "num_labels", "Classes"],
  ["multimodal", "modalities", "Takes"],
  ["multimodal", "vision_encoder", "Vision encoder"],
  ["dataset", "configs", "Configurations"],
  ["dataset", "formats", "Formats"],
]);

/** Said elsewhere: sizes in words, files that stand in the tree, quantizations that are the items. */
const ELSEWHERE = /_human$|_stars$|^(files|quantizations|directory|is_lfs|lfs|sha256|estimated_parameters)$/;
const IN_BYTES = /^(size|weight_size|estimated_ram|estimated_vram|kv_cache_bytes_per_token)$/;
const NAMES = /** @type {Record<string, string>} */ ({
  bos_token_id: "Begins a text",
  eos_token_id: "Ends a text",
  pad_token_id: "Fills up",
  estimated_parameters_num: "Parameters",
  estimated_ram: "Memory",
  estimated_vram: "Graphics memory",
  kv_cache_bytes_per_token: "Cache per token",
  ram_context_length: "Memory is for a context of",
  vram_context_length: "Memory is for a context of",
  mmproj_files: "Vision and audio encoders",
  mtp_files: "Draft models",
  model_type: "Family",
  torch_dtype: "Configured precision",
  num_examples: "Examples",
});
/** Columns in front, the first last. */
const FIRST = ["path", "name"];
const MAX_LISTED = 12;
const MAX_ROWS = 200;
const LONG_TEXT = 160;

/** @param {string} name such as `context_length` */
const titleOf = (name) => {
  const known = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  return known ?? name.replace(/^_|^(num|is)_/, "").replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());
};

/** @param {unknown} value @returns {value is Values} */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** A value in one line; null for one that has none. @param {string} name @param {unknown} value @returns {string | null} */
function line(name, value) {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") {
    if (IN_BYTES.test(name)) return bytes(value);
    return /parameters/.test(name) ? short(value) : value.toLocaleString("en", { maximumFractionDigits: 6 });
  }
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return listed(name, value);
  if (!isObject(value)) return null;
  if (typeof value.height === "number" && typeof value.width === "number") return `${value.width} × ${value.height}`;
  const about = [
    typeof value.file_count === "number" ? count(value.file_count, "file") : "",
    line("size", value.size),
    typeof value.num_examples === "number" ? count(value.num_examples, "example") : "",
  ].filter(Boolean);
  const what = line("name", value.path ?? value.name);
  if (what) return about.length ? `${what} (${about.join(", ")})` : what;
  const all = Object.entries(value).flatMap(([key, inner]) => (line(key, inner) === null ? [] : [`${titleOf(key)}: ${line(key, inner)}`]));
  return all.join("; ") || null;
}

/** @param {string} name @param {unknown[]} values */
function listed(name, values) {
  const texts = values.flatMap((one) => line(name, one) ?? []);
  if (!texts.length) return null;
  // A number for each layer is the same for all but a few models.
  if (texts.length > 1 && typeof values[0] === "number" && new Set(texts).size === 1) return `${texts[0]} (× ${texts.length})`;
  const more = texts.length - MAX_LISTED;
  return texts.slice(0, MAX_LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** The most telling facts in a few words. @param {Analysis} analysis @returns {{ title: string, text: string }[]} */
function glance(analysis) {
  const seen = new Set();
  return TELLING.flatMap(([section, path, title]) => {
    /** @type {unknown} */
    let value = analysis[section];
    for (const key of path.split(".")) value = isObject(value) ? value[key] : undefined;
    const text = line(path.split(".").at(-1) ?? "", value);
    if (text === null || seen.has(title)) return [];
    seen.add(title);
    return [{ title, text }];
  });
}

/** What can be seen at a glance. @param {{ analysis: Analysis }} props */
export function Glance({ analysis }) {
  const all = [
    { title: "Size", text: bytes(analysis.total_size) },
    { title: "Files", text: analysis.file_count.toLocaleString("en") },
    ...glance(analysis),
  ];
  return html`<dl class="glance">
    ${all.map(({ title, text }) => html`<div key=${title}><dt>${title}</dt><dd><bdi>${text}</bdi></dd></div>`)}
  </dl>`;
}

/** Repositories that this one belongs to. @param {{ analysis: Analysis }} props */
export function Related({ analysis }) {
  return analysis.related_downloads.map(
    ({ repo, label, required }) => html`<p key=${repo + label}>
      ${required ? "Needs" : "Belongs to"} <a class="path" href=${href("start", [], { repo })}><bdi>${label}</bdi></a></p>`,
  );
}

/** Everything that is known. @param {{ analysis: Analysis }} props */
export function Facts({ analysis }) {
  const names = /** @type {(keyof typeof SECTIONS)[]} */ (Object.keys(SECTIONS)).filter((name) => analysis[name]);
  if (!names.length) return null;
  const sections = () => names.map((name) => html`<section key=${name}><h3>${SECTIONS[name]}</h3><${Group} values=${analysis[name]} /></section>`);
  return html`<${Lazy} class="card" summary="All facts" content=${sections} />`;
}

/** @param {{ values: Values }} props */
function Group({ values }) {
  const all = Object.entries(values).filter(([name, value]) => !ELSEWHERE.test(name) && line(name, value) !== null);
  const isTable = (/** @type {unknown} */ value) => Array.isArray(value) && value.some(isObject);
  const isLong = (/** @type {unknown} */ value) => typeof value === "string" && (value.length > LONG_TEXT || value.includes("\n"));
  const isInner = (/** @type {string} */ name, /** @type {unknown} */ value) => isObject(value) && !/size$/.test(name);
  const simple = all.filter(([name, value]) => !isTable(value) && !isLong(value) && !isInner(name, value));
  return html`
    ${simple.length > 0 && html`<dl class="facts">
      ${simple.map(([name, value]) => html`<div key=${name}><dt>${titleOf(name)}</dt><dd><bdi>${line(name, value)}</bdi></dd></div>`)}
    </dl>`}
    ${all.map(([name, value]) => {
      if (isTable(value)) return html`<${Table} key=${name} title=${titleOf(name)} rows=${value} />`;
      if (isLong(value)) return html`<details key=${name}><summary>${titleOf(name)}</summary><pre tabindex="0" aria-label=${titleOf(name)}><bdi>${value}</bdi></pre></details>`;
      return isInner(name, value) && html`<section key=${name}><h4>${titleOf(name)}</h4><${Group} values=${value} /></section>`;
    })}
  `;
}

/** @param {{ title: string, rows: Values[] }} props */
function Table({ title, rows }) {
  const known = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const isInPath = rows.every((row) => `/${row.path}`.endsWith(`/${row.name}`));
  const names = known
    .filter((name) => !ELSEWHERE.test(name) && !(name === "name" && isInPath) && rows.some((row) => line(name, row[name]) !== null))
    .sort((a, b) => FIRST.indexOf(b) - FIRST.indexOf(a));
  const more = rows.length - MAX_ROWS;
  return html`<h4>${title}</h4>
    <div class="scroll" tabindex="0" role="group" aria-label=${title}><table>
      <thead><tr>${names.map((name) => html`<th key=${name} scope="col">${titleOf(name)}</th>`)}</tr></thead>
      <tbody>${rows.slice(0, MAX_ROWS).map(
        (row, index) => html`<tr key=${index}>${names.map((name) => html`<td key=${name}><bdi>${line(name, row[name]) ?? "–"}</bdi></td>`)}</tr>`,
      )}</tbody>
    </table></div>
    ${more > 0 && html`<p class="faint">and ${more.toLocaleString("en")} more</p>`}`;
}
