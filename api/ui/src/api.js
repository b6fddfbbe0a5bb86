// Requests to the service that this page is from.
import { ask, BASE, giveUp, headers, takesPassword, token, wantsToken } from "./access.js";
import { correct } from "./clock.js";
import { signal } from "./html.js";
import { HUB_TOKEN } from "./lines.js";

/** @typedef {{ method: string, path: string, body?: object }} Sent */

/** What the page did last, to be shown as a command. @type {import("./html.js").Signal<Sent | null>} */
export const lastSent = signal(null);

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
 * Sends a request with what lets it in. Where an API token is wanted, it waits for one and tries again: nothing that was begun is lost.
 * Where a password is, a token that is not taken is forgotten.
 * @param {string} path relative, so that the service may lie below a path of a proxy
 * @param {RequestInit} [init]
 * @returns {Promise<Response>}
 */
export async function send(path, init = {}) {
  for (;;) {
    const used = token.peek();
    const response = await fetch(new URL(path, BASE), { ...init, headers: { ...init.headers, ...headers() } });
    correct(response.headers.get("Date"));
    if (used && takesPassword(response)) giveUp(used);
    else if (wantsToken(response)) await ask(used);
    else return response;
    init.signal?.throwIfAborted();
  }
}

/**
 * Sends a request and reads the JSON of its answer.
 * @param {string} method
 * @param {string} path such as `api/jobs`
 * @param {{ query?: object, body?: object, abort?: AbortSignal }} [options] values of the query that are undefined are left out
 * @returns {Promise<any>} of the shape that the API document tells, which `service.js` names
 */
export async function request(method, path, { query = {}, body, abort } = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const address = given.length ? `${path}?${new URLSearchParams(given)}` : path;
  /** @type {RequestInit} */
  const init = abort ? { method, signal: abort } : { method };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  // Looking at a repository is a step of its own; what else is read only fills a page.
  if (method !== "GET" || path.startsWith("api/analyze/")) {
    const shown = body && "token" in body && body.token ? { ...body, token: HUB_TOKEN } : body;
    lastSent.value = shown ? { method, path: address, body: shown } : { method, path: address };
  }
  let response;
  try {
    response = await send(address, init);
  } catch (error) {
    if (abort?.aborted) throw error;
    throw new ApiError(0, "The service does not answer", "check that it runs and that your network reaches it");
  }
  const answer = await response.json().catch((error) => {
    if (abort?.aborted) throw error;
    return null;
  });
  if (!response.ok) {
    throw new ApiError(response.status, answer?.error ?? `HTTP ${response.status}`, answer?.details ?? "");
  }
  // A proxy may answer by itself, and a connection break off within an answer.
  if (answer === null && response.status !== 204) {
    throw new ApiError(0, "The answer cannot be read", "it broke off, or something between you and the service gave it; try again");
  }
  return answer;
}
