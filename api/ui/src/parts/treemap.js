// What takes the space, as areas.
import { html, useEffect, useMemo, useState } from "../html.js";
import { bytes } from "../format.js";

const WIDTH = 100;
/** Height for a width of 100, and the smallest share that is worth an area of its own: of wide screens, and of narrow ones. */
const WIDE = { height: 24, least: 0.01 };
const NARROW = { height: 90, least: 0.02 };
const IS_NARROW = matchMedia("(max-width: 40rem)");

/** @typedef {{ name: string, size: number, kind: string, href?: string }} Item */
/** @typedef {Item & { x: number, y: number, width: number, height: number }} Area */

/**
 * Areas that are as square as can be (Bruls, Huizing, van Wijk: Squarified Treemaps).
 * @param {Item[]} items largest first
 * @param {number} height for a width of 100
 * @returns {Area[]}
 */
export function areas(items, height) {
  const total = items.reduce((sum, item) => sum + item.size, 0);
  const scale = total ? (WIDTH * height) / total : 0;
  const placed = [];
  let rest = items.filter((item) => item.size > 0);
  let box = { x: 0, y: 0, width: WIDTH, height };
  while (rest.length) {
    const side = Math.min(box.width, box.height);
    let taken = 1;
    while (taken < rest.length && worst(rest.slice(0, taken + 1), side, scale) <= worst(rest.slice(0, taken), side, scale)) taken += 1;
    const row = rest.slice(0, taken);
    const depth = (row.reduce((sum, item) => sum + item.size, 0) * scale) / side;
    const isColumn = box.width >= box.height;
    let along = 0;
    for (const item of row) {
      const length = (item.size * scale) / depth;
      placed.push(
        isColumn
          ? { ...item, x: box.x, y: box.y + along, width: depth, height: length }
          : { ...item, x: box.x + along, y: box.y, width: length, height: depth },
      );
      along += length;
    }
    box = isColumn
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

/** The small ones together as one. @param {Item[]} items largest first @param {number} least share of the whole @returns {Item[]} */
function gathered(items, least) {
  const total = items.reduce((sum, item) => sum + item.size, 0);
  const large = items.filter((item) => item.size >= least * total);
  const size = items.reduce((sum, item) => sum + (item.size < least * total ? item.size : 0), 0);
  if (!size) return large;
  return [...large, { name: `${items.length - large.length} more`, size, kind: "more" }].sort((a, b) => b.size - a.size);
}

/** @param {{ items: Item[] }} props */
export function Treemap({ items }) {
  const [isNarrow, setNarrow] = useState(IS_NARROW.matches);
  useEffect(() => {
    const look = () => setNarrow(IS_NARROW.matches);
    IS_NARROW.addEventListener("change", look);
    return () => IS_NARROW.removeEventListener("change", look);
  }, []);
  const { height: whole, least } = isNarrow ? NARROW : WIDE;
  const placed = useMemo(() => areas(gathered([...items].sort((a, b) => b.size - a.size), least), whole), [items, isNarrow]);
  if (!placed.length) return null;
  return html`<div class="treemap" role="list" aria-label="What takes the space" style=${{ aspectRatio: `${WIDTH} / ${whole}` }}>
    ${placed.map(({ name, size, kind, href, x, y, width, height }) => {
      const style = { left: `${x}%`, top: `${(100 * y) / whole}%`, width: `${width}%`, height: `${(100 * height) / whole}%` };
      const text = html`<span><bdi>${name}</bdi><br />${bytes(size)}</span>`;
      return html`<div role="listitem" class=${kind} key=${kind + name} style=${style}>
        ${href ? html`<a href=${href} aria-label=${`${name} ${bytes(size)}`}>${text}</a>` : html`<div>${text}</div>`}</div>`;
    })}
  </div>`;
}
