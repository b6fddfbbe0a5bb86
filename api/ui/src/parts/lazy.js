// What is drawn when it is looked at: a tree of a hundred thousand files costs nothing before.
import { html, useState } from "../html.js";

/** @param {{ summary: unknown, content: () => unknown, class?: string }} props */
export function Lazy({ summary, content, class: kind }) {
  const [isSeen, setSeen] = useState(false);
  // A click comes before the toggle, a search in the page without a click.
  const show = () => setSeen(true);
  return html`<details class=${kind} onToggle=${(/** @type {{ currentTarget: HTMLDetailsElement }} */ event) => event.currentTarget.open && show()}>
    <summary onClick=${show}>${summary}</summary>
    ${isSeen && content()}
  </details>`;
}
