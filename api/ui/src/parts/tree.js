// Files as a tree with sizes.
import { html, useMemo, useState } from "../html.js";
import { bytes, count } from "../format.js";
import { Lazy } from "./lazy.js";

/** How many more entries of a folder are shown at a time. */
const STEP = 500;

/** @typedef {{ path: string, size: number }} File */
/** @typedef {{ name: string, size: number, files: number, folders: Map<string, Folder>, leaves: File[] }} Folder */

/** @param {string} name @returns {Folder} */
const folder = (name) => ({ name, size: 0, files: 0, folders: new Map(), leaves: [] });

/** @param {File[]} files */
function tree(files) {
  const root = folder("");
  for (const file of files) {
    let at = root;
    at.size += file.size;
    at.files += 1;
    for (const part of file.path.split("/").slice(0, -1)) {
      const inner = at.folders.get(part) ?? folder(part);
      at.folders.set(part, inner);
      inner.size += file.size;
      inner.files += 1;
      at = inner;
    }
    at.leaves.push(file);
  }
  return root;
}

/** @param {{ files: File[] }} props */
export function Tree({ files }) {
  const root = useMemo(() => tree(files), [files]);
  return html`<ul class="tree"><${Entries} inner=${root} /></ul>`;
}

/** @param {{ inner: Folder }} props */
function Entries({ inner }) {
  const [shown, setShown] = useState(STEP);
  const folders = [...inner.folders.values()];
  const hidden = folders.length + inner.leaves.length - shown;
  return html`
    ${folders.slice(0, shown).map((one) => html`<li key=${`/${one.name}`}><${Inner} inner=${one} /></li>`)}
    ${inner.leaves.slice(0, Math.max(0, shown - folders.length)).map(
      (file) => html`<li key=${file.path} class="row apart"><span class="path"><bdi>${file.path.split("/").pop()}</bdi></span>
        <span class="faint small number">${bytes(file.size)}</span></li>`,
    )}
    ${hidden > 0 && html`<li><button type="button" onClick=${() => setShown(shown + STEP)}>Show more: ${hidden.toLocaleString("en")} are left</button></li>`}
  `;
}

/** @param {{ inner: Folder }} props */
function Inner({ inner }) {
  const summary = html`<bdi>${inner.name}/</bdi> <span class="faint small number">${bytes(inner.size)} · ${count(inner.files, "file")}</span>`;
  return html`<${Lazy} summary=${summary} content=${() => html`<ul><${Entries} inner=${inner} /></ul>`} />`;
}
