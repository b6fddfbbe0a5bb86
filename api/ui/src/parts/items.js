// What can be chosen of a repository, with what speaks for it.
import { html, useMemo } from "../html.js";
import { bytes } from "../format.js";

/** @typedef {import("../types").SelectableItem} Item */

/** A map, for whatever an object has by itself is no title. @type {ReadonlyMap<string, string>} */
const TITLES = new Map(Object.entries({
  quantization: "Quantizations",
  vision_encoder: "Encoders for images and audio",
  mtp_draft: "Draft models",
  format: "Formats",
  component: "Components",
  config: "Configurations",
  split: "Splits",
  branch: "Quantizations, a branch each",
  onnx: "Precisions",
}));

/**
 * @param {{ items: Item[], chosen: ReadonlySet<string>, toggle: (item: Item) => void, take: (items: Item[]) => void,
 *   isCached: (path: string) => boolean, context: number | undefined }} props
 *   chosen by id; context in tokens that the memory is told for
 */
export function Items({ items, chosen, toggle, take, isCached, context }) {
  const groups = useMemo(() => {
    /** @type {Map<string, Item[]>} */
    const byCategory = new Map();
    for (const item of items) byCategory.set(item.category, [...(byCategory.get(item.category) ?? []), item]);
    return [...byCategory];
  }, [items]);
  return groups.map(([category, group]) => {
    const recommended = group.filter((item) => item.recommended);
    return html`<fieldset key=${category} class="items">
      <legend><h2>${TITLES.get(category) ?? category}</h2></legend>
      ${recommended.length > 1 && html`<button type="button" onClick=${() => take(recommended)}>Choose the ${recommended.length} recommended ones</button>`}
      <ul>${group.map((item) => html`<${One} key=${item.id} item=${item} isChosen=${chosen.has(item.id)} toggle=${toggle} isCached=${isCached} />`)}</ul>
      ${context && group.some((item) => item.ram) && html`<p class="faint small">Memory is estimated for a context of ${context.toLocaleString("en")} tokens.</p>`}
    </fieldset>`;
  });
}

/** @param {{ item: Item, isChosen: boolean, toggle: (item: Item) => void, isCached: (path: string) => boolean }} props */
function One({ item, isChosen, toggle, isCached }) {
  // What is known of the cache is of the revision that is looked at.
  const isThere = !item.revision && item.files.length > 0 && item.files.every(isCached);
  return html`<li><label class="item">
    <input type="checkbox" checked=${isChosen} onChange=${() => toggle(item)} />
    <span class="what">
      <strong><bdi>${item.label}</bdi></strong>
      ${item.recommended && html` <span class="badge accent">recommended</span>`}
      ${isThere && html` <span class="badge good">in the cache</span>`}
      ${item.description && html`<span class="faint small"><bdi>${item.description}</bdi></span>`}
    </span>
    <span class="measures number">
      ${item.quality && html`<span class="quality" role="img" aria-label=${`Quality ${item.quality} of 5`}>${item.quality_stars}</span>`}
      ${item.ram && html`<span class="faint small">needs ${bytes(item.ram)} of memory</span>`}
      <span class="size">${item.revision ? html`<bdi>${item.revision}</bdi>` : bytes(item.size)}</span>
    </span>
  </label></li>`;
}
