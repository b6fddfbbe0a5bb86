// What all components are written with.
import { h } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export { Fragment, render } from "../vendor/preact.js";
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
export { batch, computed, effect, signal, useComputed, useSignal } from "../vendor/signals.js";

/** Markup as a tagged template. Values become text or properties, never markup. */
export const html = htm.bind(h);

/** @template T @typedef {import("../vendor/signals.js").Signal<T>} Signal */
