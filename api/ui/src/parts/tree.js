// Files as a tree with sizes.
import { html, useMemo } from "../html.js";
import { bytes, count } from "../format.js";

/** Entries of one folder that are shown at once. */
const MAX_SHOWN = 500;

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
  const hidden = inner.leaves.length - MAX_SHOWN;
  return html`
    ${[...inner.folders.values()].map(
      (one) => html`<li key=${`/${one.name}`}><details>
        <summary><bdi>${one.name}/</bdi> <span class="faint small number">${bytes(one.size)} · ${count(one.files, "file")}</span></summary>
        <ul><${Entries} inner=${one} /></ul>
      </details></li>`,
    )}
    ${inner.leaves.slice(0, MAX_SHOWN).map(
      (file) => html`<li key=${file.path} class="row apart"><span class="path"><bdi>${file.path.split("/").pop()}</bdi></span>
        <span class="faint small number">${bytes(file.size)}</span></li>`,
    )}
    ${hidden > 0 && html`<li class="faint">and ${count(hidden, "file")} more</li>`}
  `;
}
