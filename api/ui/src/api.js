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
 * @param {{ query?: object, body?: unknown, abort?: AbortSignal }} [options] values of the query that are undefined are left out
 * @returns {Promise<any>} of the shape that the API document tells, which `service.js` names
 */
export async function request(method, path, { query = {}, body, abort } = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const address = given.length ? `${path}?${new URLSearchParams(given)}` : path;
  const init = { method, signal: abort, headers: {}, body: /** @type {string | undefined} */ (undefined) };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  if (method !== "GET") lastSent.value = { method, path: address, body };
  let response;
  try {
    response = await fetch(address, init);
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
