// The rate of the last hour, as bars and as a table.
import { html } from "../html.js";
import { bytes, count, rate } from "../format.js";

const HEIGHT = 40;
/** The least that the axis reaches to, so that an idle service shows no mountains. */
const LEAST_PER_S = 1024;

/** The next number with one digit before its unit, so that the axis keeps still. @param {number} perSecond */
function axisEnd(perSecond) {
  const unit = 1024 ** Math.floor(Math.log(perSecond) / Math.log(1024));
  const step = 10 ** Math.floor(Math.log10(perSecond / unit));
  return Math.ceil(perSecond / unit / step) * step * unit;
}

/** @param {{ stepSeconds: number, values: number[] }} props bytes of each step, oldest first; the last is not over */
export function Hour({ stepSeconds, values }) {
  // What is not over has no rate: it would always look like a drop.
  const rates = values.slice(0, -1).map((value) => value / stepSeconds);
  const end = axisEnd(Math.max(...rates, LEAST_PER_S));
  const total = values.reduce((sum, value) => sum + value, 0);
  const before = (/** @type {number} */ index) => count(Math.round(((values.length - index) * stepSeconds) / 60), "minute");
  const label = `${bytes(total)} in the last ${before(0)}, at most ${rate(Math.max(...rates, 0))}`;
  return html`<figure class="card hour">
    <figcaption>Rate of the last hour <span class="faint small number">${bytes(total)} in all</span></figcaption>
    <div class="plot">
      <div class="axis small faint number" aria-hidden="true"><span>${rate(end)}</span><span>${rate(end / 2)}</span><span>0</span></div>
      <svg viewBox="0 0 ${rates.length} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${label}>
        ${[0, HEIGHT / 2].map((y) => html`<line key=${y} x1="0" x2=${rates.length} y1=${y} y2=${y} vector-effect="non-scaling-stroke" />`)}
        ${rates.map((one, index) => {
          const height = (HEIGHT * one) / end;
          return html`<rect key=${index} x=${index + 0.1} y=${HEIGHT - height} width="0.8" height=${height} />`;
        })}
      </svg>
      <div class="times small faint" aria-hidden="true"><span>${before(0)} ago</span><span>${before(values.length / 2)} ago</span><span>now</span></div>
    </div>
    <details><summary class="small">As a table</summary>
      <div class="scroll tall" tabindex="0" role="group" aria-label="Rate of the last hour"><table>
        <thead><tr><th scope="col">Until</th><th scope="col">Rate</th><th scope="col">Bytes</th></tr></thead>
        <tbody>${values
          .map(
            (value, index) => html`<tr key=${index}><td>${index < rates.length ? `${before(index + 1)} ago` : "now"}</td>
              <td class="number">${index < rates.length ? rate(value / stepSeconds) : "–"}</td><td class="number">${bytes(value)}</td></tr>`,
          )
          .reverse()}</tbody></table></div>
    </details>
  </figure>`;
}
