// Numbers and times for people.
import { now } from "./clock.js";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/**
 * Bytes with a unit, as `1.5 GiB`.
 * @param {number} count
 */
export function bytes(count) {
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/**
 * Bytes a second.
 * @param {number} perSecond
 */
export function rate(perSecond) {
  return `${bytes(perSecond)}/s`;
}

/**
 * A large number as `7.24 B`.
 * @param {number} number
 */
export function short(number) {
  return number.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
}

/**
 * Seconds as `2 h 05 min`.
 * @param {number} seconds
 */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (/** @type {number} */ number) => String(number).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/**
 * How long ago a moment was; a dash for none.
 * @param {string | null | undefined} moment
 */
export function ago(moment) {
  if (!moment) return "–";
  const seconds = (now() - Date.parse(moment)) / 1000;
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${count(Math.floor(seconds / 86400), "day")} ago`;
}

/**
 * A share of a whole in percent, 100 for all of nothing.
 * @param {number} part
 * @param {number} whole
 */
export function percent(part, whole) {
  return whole > 0 ? Math.min(100, (100 * part) / whole) : 100;
}

/**
 * A share in words, as `99 %`: rounded down, so that 100 means all.
 * @param {number} part
 * @param {number} whole
 */
export function share(part, whole) {
  return `${Math.floor(percent(part, whole))} %`;
}

/**
 * A number and its noun, as `1 file` or `2 files`.
 * @param {number} number
 * @param {string} noun
 */
export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
