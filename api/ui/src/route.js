// Which page is shown: the part of the address behind `#`, such as `#/jobs/0123456789ab`.
import { signal } from "./html.js";

/** @typedef {{ page: string, rest: string[], query: URLSearchParams }} Route */

/** @returns {Route} */
function read() {
  const [path = "", query] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [page, ...rest] = path.split("/").map(decode);
  return { page: page || "start", rest, query: new URLSearchParams(query) };
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The present one. @type {import("./html.js").Signal<Route>} */
export const route = signal(read());

addEventListener("hashchange", () => {
  route.value = read();
});

/** Leads on from the page that is shown now, unless it was left until then. @returns {(to: string) => void} */
export function leading() {
  const from = location.hash;
  return (to) => {
    if (location.hash === from) location.hash = to;
  };
}

/**
 * The address of a page.
 * @param {string} page
 * @param {string[]} [rest]
 * @param {Record<string, string>} [query]
 */
export function href(page, rest = [], query = {}) {
  const path = [page, ...rest].map(encodeURIComponent).join("/");
  const search = new URLSearchParams(query).toString();
  return `#/${path}${search && `?${search}`}`;
}
