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

/** The page that is shown now, for what takes time: whether it still is then, and a way on from it, unless it was left. */
export function present() {
  const from = location.hash;
  const isShown = () => location.hash === from;
  return {
    isShown,
    leadTo: (/** @type {string} */ to) => {
      if (isShown()) location.hash = to;
    },
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
