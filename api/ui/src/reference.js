// What people put into the box: a repository in any of the ways in which it is written.

/** @typedef {{ repo: string, filters: string[], revision: string, type: "" | "model" | "dataset" }} Reference */

const NAME = /^[\w.-]+(\/[\w.-]+)?$/;

/**
 * Reads `owner/name`, `owner/name:filter,filter`, `hf://[datasets/]owner/name[@revision]` or an address of the Hub.
 * @param {string} text
 * @returns {Reference | string} or what is wrong with it
 */
export function parse(text) {
  const trimmed = text.trim();
  if (!trimmed) return "Type the name of a repository, such as openai-community/gpt2.";
  const scheme = /^([a-z]+):\/\/(.*)$/i.exec(trimmed);
  if (!scheme) return short(trimmed);
  return scheme[1].toLowerCase() === "hf" ? inHf(scheme[2]) : address(trimmed);
}

/** @param {string} text */
function short(text) {
  const [repo, filters = ""] = split(text, ":");
  return checked({ repo, filters: filters.split(",").map((one) => one.trim()).filter(Boolean), revision: "", type: "" });
}

/** @param {string} path */
function inHf(path) {
  const [where, revision = ""] = split(path, "@");
  const { type, repo } = typed(where.split("/").filter(Boolean));
  return checked({ repo, filters: [], revision, type });
}

/** @param {string} text an address such as `https://huggingface.co/datasets/owner/name/tree/main` */
function address(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    return "This is no address. Copy it from the repository's page, or type owner/name.";
  }
  const parts = url.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  const view = parts.findIndex((part) => ["tree", "blob", "resolve"].includes(part));
  const { type, repo } = typed(view < 0 ? parts : parts.slice(0, view));
  return checked({ repo, filters: [], revision: view < 0 ? "" : (parts[view + 1] ?? ""), type });
}

/** @param {string[]} parts @returns {{ type: Reference["type"], repo: string }} */
function typed(parts) {
  if (parts[0] === "datasets") return { type: "dataset", repo: parts.slice(1, 3).join("/") };
  if (parts[0] === "models") return { type: "model", repo: parts.slice(1, 3).join("/") };
  return { type: "", repo: parts.slice(0, 2).join("/") };
}

/** @param {Reference} reference */
function checked(reference) {
  return NAME.test(reference.repo) ? reference : "This names no repository: write owner/name, such as openai-community/gpt2.";
}

/** @param {string} text @param {string} at @returns {[string] | [string, string]} */
function split(text, at) {
  const index = text.indexOf(at);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}
