// A small chart of the last rates.
import { html } from "../html.js";
import { rate } from "../format.js";
import { CHART_SECONDS } from "../jobs.js";

/** @param {{ values: number[] }} props newest last */
export function Chart({ values }) {
  if (values.length < 2) return null;
  const most = Math.max(...values, 1);
  const first = CHART_SECONDS - values.length;
  const points = values.map((value, index) => `${first + index},${(30 - (28 * value) / most).toFixed(1)}`);
  const label = `Rate of the last ${values.length} seconds, at most ${rate(most)}`;
  return html`<svg class="chart" viewBox="0 0 ${CHART_SECONDS - 1} 30" preserveAspectRatio="none" role="img" aria-label=${label}>
    <polyline points=${points.join(" ")} vector-effect="non-scaling-stroke" />
  </svg>`;
}
