// Requests to the service that this page is from.
import { signal } from "./html.js";

/** What the page did last, to be shown as a command. @type {import("./html.js").Signal<Sent | null>} */
export const lastSent = signal(null);

/** @typedef {{ method: string, path: string, body?: unknown }} Sent */

/** An answer that is no success: says what failed and what to do. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} title
   * @param {string} details
   */
  constructor(status, title, details) {
    super(details ? `${title}: ${details}` : title);
    this.status = status;
    this.title = title;
    this.details = details;
  }
}

/**
 * Sends a request and reads the JSON of its answer. Paths are relative, so that the service may lie below a path of a proxy.
 * @param {string} method
 * @param {string} path such as `api/jobs`
 * @param {unknown} [body]
 * @param {AbortSignal} [abort]
 * @returns {Promise<any>}
 */
export async function request(method, path, body, abort) {
  const init = { method, signal: abort, headers: {}, body: /** @type {string | undefined} */ (undefined) };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  if (method !== "GET") lastSent.value = { method, path, body };
  let response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (abort?.aborted) throw error;
    throw new ApiError(0, "The service does not answer", "check that it runs and that your network reaches it");
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) {
    throw new ApiError(response.status, answer?.error ?? `HTTP ${response.status}`, answer?.details ?? "");
  }
  return answer;
}

/** @param {string} path @param {AbortSignal} [abort] */
export const get = (path, abort) => request("GET", path, undefined, abort);

/** @param {string} path @param {unknown} [body] */
export const post = (path, body) => request("POST", path, body);

/** @param {string} path */
export const remove = (path) => request("DELETE", path);

/**
 * A repository as part of a path.
 * @param {string} repo `owner/name` or `name`
 */
export const repoPath = (repo) => repo.split("/").map(encodeURIComponent).join("/");
