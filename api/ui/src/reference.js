// What people put into the box: a repository in any of the ways in which it is written.

/** @typedef {{ repo: string, filters: string[], revision: string, type: "" | "model" | "dataset" }} Reference */

/** Without the parts `.` and `..`, which an address would take for steps between folders. */
const NAME = /^(?!\.{1,2}(\/|$))[\w.-]+(\/(?!\.{1,2}$)[\w.-]+)?$/;
/** What an address of the Hub shows of a revision; behind it come the revision and a path. */
const VIEWS = ["tree", "blob", "resolve", "raw", "blame", "commit", "commits"];
/** Revisions with slashes of which the Hub has many. Others have them written as `%2F`. */
const REFS = /^refs\/(?:pr\/\d+|convert\/[\w-]+)(?=\/|$)/;
const HOSTS = /^(?:www\.)?(?:huggingface\.co|hf\.co)\//i;

const NO_REPO = "This names no repository: write owner/name, such as openai-community/gpt2.";
const NO_SPACE = "This is a Space. Only models and datasets can be downloaded.";
const NO_ADDRESS = "This is no address. Copy it from the repository's page, or type owner/name.";

/**
 * Reads `[datasets/]owner/name[@revision][:filter,filter]`, `hf://[datasets/]owner/name[@revision][/path]` or an address of the Hub.
 * @param {string} text
 * @returns {Reference | string} or what is wrong with it
 */
export function parse(text) {
  const trimmed = text.trim();
  if (!trimmed) return "Type the name of a repository, such as openai-community/gpt2.";
  if (HOSTS.test(trimmed)) return address(`https://${trimmed}`);
  const scheme = /^([a-z]+):\/\/(.*)$/is.exec(trimmed);
  if (!scheme) return short(trimmed);
  return scheme[1]?.toLowerCase() === "hf" ? inHf(scheme[2] ?? "") : address(trimmed);
}

/** What is wrong with the name of a repository; empty when nothing is. @param {string} repo */
export const faultOf = (repo) => (NAME.test(repo) ? "" : NO_REPO);

/** A reference in its shortest form, which {@link parse} reads. @param {Reference} reference */
export function written({ repo, filters, revision, type }) {
  const behind = `${revision && `@${revision}`}${filters.length ? `:${filters.join(",")}` : ""}`;
  return `${type && `${type}s/`}${repo}${behind}`;
}

/** @param {string} text */
function short(text) {
  const [where, filters = ""] = split(text, ":");
  const [repo, revision = ""] = split(where, "@");
  const { type, name, rest } = typed(repo.split("/").filter(Boolean));
  if (rest.length) return type === "space" ? NO_SPACE : NO_REPO;
  return checked(type, name, revision, filters.split(",").map((one) => one.trim()).filter(Boolean));
}

/** @param {string} path */
function inHf(path) {
  const [before, after] = split(path, "@");
  const { type, name, rest } = typed(before.split("/").filter(Boolean));
  if (after === undefined) return checked(type, name, "", fileOrFolder(rest.join("/")));
  const ref = REFS.exec(after)?.[0];
  const [revision, inside = ""] = ref ? [ref, after.slice(ref.length + 1)] : split(after, "/");
  const decoded = decode(revision);
  return decoded === null ? NO_ADDRESS : checked(type, name, decoded, fileOrFolder(inside));
}

/** @param {string} text such as `https://huggingface.co/datasets/owner/name/tree/main` */
function address(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  const parts = url?.pathname.split("/").filter(Boolean).map(decode);
  if (!parts || parts.includes(null)) return NO_ADDRESS;
  const { type, name, rest } = typed(/** @type {string[]} */ (parts));
  const [view = "", ...behind] = rest;
  // Other pages of a repository, such as its discussions, show no revision.
  if (!VIEWS.includes(view)) return checked(type, name, "", []);
  const ref = REFS.exec(behind.join("/"))?.[0] ?? behind[0] ?? "";
  const inside = behind.slice(ref === behind[0] ? 1 : ref.split("/").length).join("/");
  if (!inside) return checked(type, name, ref, []);
  return checked(type, name, ref, [view === "tree" ? folder(inside) : file(inside)]);
}

/** The kind, the name and what is behind it. @param {string[]} parts @returns {{ type: "" | "model" | "dataset" | "space", name: string, rest: string[] }} */
function typed(parts) {
  const kinds = /** @type {const} */ ({ datasets: "dataset", models: "model", spaces: "space" });
  const [first = ""] = parts;
  const isKind = Object.hasOwn(kinds, first);
  const type = isKind ? kinds[/** @type {keyof typeof kinds} */ (first)] : "";
  const names = isKind ? parts.slice(1) : parts;
  // A few old repositories have no owner.
  const length = VIEWS.includes(names[1] ?? "") ? 1 : 2;
  return { type, name: names.slice(0, length).join("/"), rest: names.slice(length) };
}

/** @param {Reference["type"] | "space"} type @param {string} repo @param {string} revision @param {string[]} filters @returns {Reference | string} */
function checked(type, repo, revision, filters) {
  if (type === "space") return NO_SPACE;
  return faultOf(repo) || { repo, filters, revision, type };
}

/** What `hf://` points at, which does not tell whether that is a file; names without a dot may be either. @param {string} path */
function fileOrFolder(path) {
  const inside = path.replace(/\/+$/, "");
  if (!inside) return [];
  return /\.[^/]*$/.test(inside) ? [file(inside)] : [file(inside), folder(inside)];
}

/** All that is in a folder. @param {string} path */
const folder = (path) => `${escaped(path)}/*`;

/**
 * Nothing but this whole path: a plain filter is a part of a path, a glob with a slash in it is not. For a file of the root the slash is a
 * second choice for the first character, which no path can have there.
 * @param {string} path
 */
function file(path) {
  const characters = [...escaped(path)];
  if (characters.length === 1) return escaped(path);
  const [first, ...others] = [...characters.slice(0, -1), "?"];
  const glob = [first, ...others].join("");
  if (glob.includes("/")) return glob;
  return (first === "?" ? "[!/]" : `[${first}/]`) + others.join("");
}

/** A path as a filter: what would have another meaning there stands as "any character". @param {string} path */
const escaped = (path) => path.replace(/[,*?[\]{}!]/g, "?");

/** @param {string} text @returns {string | null} null when it is not percent-encoded as it should be */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** @param {string} text @param {string} at @returns {[string] | [string, string]} */
function split(text, at) {
  const index = text.indexOf(at);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}
