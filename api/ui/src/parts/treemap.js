// What takes the space, as areas.
import { html, useMemo } from "../html.js";
import { bytes } from "../format.js";

const WIDTH = 100;
const HEIGHT = 32;
/** The rest is one area. */
const MAX_AREAS = 40;

/** @typedef {{ name: string, size: number, href?: string }} Item */
/** @typedef {Item & { x: number, y: number, width: number, height: number }} Area */

/** Areas that are as square as can be (Bruls, Huizing, van Wijk: Squarified Treemaps). @param {Item[]} items largest first @returns {Area[]} */
export function areas(items) {
  const total = items.reduce((sum, item) => sum + item.size, 0);
  const scale = total ? (WIDTH * HEIGHT) / total : 0;
  const placed = [];
  let rest = items.filter((item) => item.size > 0);
  let box = { x: 0, y: 0, width: WIDTH, height: HEIGHT };
  while (rest.length) {
    const side = Math.min(box.width, box.height);
    let taken = 1;
    while (taken < rest.length && worst(rest.slice(0, taken + 1), side, scale) <= worst(rest.slice(0, taken), side, scale)) taken += 1;
    const row = rest.slice(0, taken);
    const depth = (row.reduce((sum, item) => sum + item.size, 0) * scale) / side;
    let along = 0;
    for (const item of row) {
      const length = (item.size * scale) / depth;
      placed.push(
        box.width >= box.height
          ? { ...item, x: box.x, y: box.y + along, width: depth, height: length }
          : { ...item, x: box.x + along, y: box.y, width: length, height: depth },
      );
      along += length;
    }
    box =
      box.width >= box.height
        ? { ...box, x: box.x + depth, width: box.width - depth }
        : { ...box, y: box.y + depth, height: box.height - depth };
    rest = rest.slice(taken);
  }
  return placed;
}

/** The longest shape in a row. @param {Item[]} row @param {number} side @param {number} scale */
function worst(row, side, scale) {
  const sizes = row.map((item) => item.size * scale);
  const sum = sizes.reduce((total, size) => total + size, 0);
  return Math.max((side * side * Math.max(...sizes)) / (sum * sum), (sum * sum) / (side * side * Math.min(...sizes)));
}

/** @param {{ items: Item[] }} props largest first */
export function Treemap({ items }) {
  const placed = useMemo(() => {
    const few = items.slice(0, MAX_AREAS);
    const size = items.slice(MAX_AREAS).reduce((sum, item) => sum + item.size, 0);
    return areas(size ? [...few, { name: `${items.length - MAX_AREAS} more`, size }].sort((a, b) => b.size - a.size) : few);
  }, [items]);
  if (!placed.length) return null;
  return html`<div class="treemap" role="list" aria-label="What takes the space">
    ${placed.map(({ name, size, href, x, y, width, height }) => {
      const style = { left: `${x}%`, top: `${(100 * y) / HEIGHT}%`, width: `${width}%`, height: `${(100 * height) / HEIGHT}%` };
      const text = html`<span><bdi>${name}</bdi><br />${bytes(size)}</span>`;
      return html`<div role="listitem" key=${name} style=${style}>${href ? html`<a href=${href} title=${`${name}: ${bytes(size)}`}>${text}</a>` : text}</div>`;
    })}
  </div>`;
}
