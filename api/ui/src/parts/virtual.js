// A long list of which only the visible part exists.
import { html, useEffect, useRef, useState } from "../html.js";

/** Rows beyond either edge, so that scrolling shows no gap. */
const SPARE = 8;

/** @param {{ count: number, height: number, keyOf?: (index: number) => string | number, row: (index: number) => unknown,
 *   label: string }} props height of a row in pixels; a row with the same key is the same row at another place */
export function VirtualList({ count, height, keyOf = (index) => index, row, label }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [range, setRange] = useState({ first: 0, last: 2 * SPARE });
  /** The key of the row that has the focus: it stays, with what is asked in it, wherever it moves. */
  const [held, setHeld] = useState("");
  const look = () => {
    if (!box.current) return;
    const { scrollTop, clientHeight } = box.current;
    const first = Math.max(0, Math.floor(scrollTop / height) - SPARE);
    const last = Math.ceil((scrollTop + clientHeight) / height) + SPARE;
    setRange((before) => (before.first === first && before.last === last ? before : { first, last }));
  };
  useEffect(look, [count, height]);
  useEffect(() => {
    const observer = new ResizeObserver(look);
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, [height]);
  const last = Math.min(range.last, count);
  const first = Math.min(range.first, last);
  const shown = Array.from({ length: last - first }, (_, index) => first + index);
  const isHeld = (/** @type {number} */ index) => `${keyOf(index)}` === held;
  // Looked for among all of them only while it is out of sight.
  const at = held && !shown.some(isHeld) ? Array.from({ length: count }, (_, index) => index).findIndex(isHeld) : -1;
  if (at >= last) shown.push(at);
  else if (at >= 0) shown.unshift(at);
  /** @param {FocusEvent} event */
  const hold = ({ target }) => setHeld((target instanceof Element && target.closest("li")?.dataset.key) || "");
  /** A window that loses the focus takes it from its row, too, but for a while. @param {FocusEvent} event */
  const letGo = ({ relatedTarget }) => relatedTarget && setHeld("");
  return html`<div class="virtual" ref=${box} onScroll=${look} tabindex="0" role="group" aria-label=${label}>
    <ul style=${{ height: `${count * height}px` }} onFocusIn=${hold} onFocusOut=${letGo}>
      ${shown.map(
        (index) => html`<li key=${keyOf(index)} data-key=${keyOf(index)} aria-setsize=${count} aria-posinset=${index + 1}
          style=${{ top: `${index * height}px`, height: `${height}px` }}>${row(index)}</li>`,
      )}
    </ul>
  </div>`;
}
