// A long list of which only the visible part exists.
import { html, useEffect, useRef, useState } from "../html.js";

/** Rows beyond either edge, so that scrolling shows no gap. */
const SPARE = 8;

/**
 * @template T
 * @param {{ items: T[], height: number, row: (item: T, index: number) => unknown, label: string,
 *   onRange?: (first: number, last: number) => void }} props height of a row in pixels
 */
export function VirtualList({ items, height, row, label, onRange }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [range, setRange] = useState({ first: 0, last: 40 });
  const look = () => {
    const element = box.current;
    if (!element) return;
    const first = Math.max(0, Math.floor(element.scrollTop / height) - SPARE);
    const last = Math.min(items.length, Math.ceil((element.scrollTop + element.clientHeight) / height) + SPARE);
    if (first !== range.first || last !== range.last) setRange({ first, last });
  };
  useEffect(() => {
    look();
    addEventListener("resize", look);
    return () => removeEventListener("resize", look);
  });
  useEffect(() => onRange?.(range.first, range.last), [range.first, range.last]);
  const last = Math.min(range.last, items.length);
  const first = Math.min(range.first, last);
  return html`<div class="virtual" ref=${box} onScroll=${look} tabindex="0" role="group" aria-label=${label}>
    <ul style=${{ height: `${items.length * height}px` }}>
      ${items.slice(first, last).map(
        (item, index) => html`<li key=${first + index} aria-setsize=${items.length} aria-posinset=${first + index + 1}
          style=${{ top: `${(first + index) * height}px`, height: `${height}px` }}>${row(item, first + index)}</li>`,
      )}
    </ul>
  </div>`;
}
