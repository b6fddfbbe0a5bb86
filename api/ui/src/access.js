// The API token, where the service wants one: who asks for it, and where it is kept.
import { signal } from "./html.js";

/** Where the service is: without the password that an address may have, which no request may. */
export const BASE = location.origin + location.pathname;

/** Several services may lie below one origin, each with a token of its own. */
const KEY = `hfd-api-token ${new URL(".", BASE).pathname}`;

/** Where it may be kept: until the tab is closed, or for good. A browser may forbid either. */
const TAB = () => sessionStorage;
const DEVICE = () => localStorage;

/** The token; empty when none is known. */
export const token = signal(read(TAB) || read(DEVICE));

/** Whether it outlives the tab. */
export const isKept = signal(read(DEVICE) !== "");

/** Why it is asked for; empty while nobody has to give one. @type {import("./html.js").Signal<"" | "missing" | "refused">} */
export const asked = signal("");

/** Whether the service has refused a request for want of a token. */
export let isWanted = token.peek() !== "";

/** What waits for a token. @type {(() => void)[]} */
let waiting = [];

/** The headers of each request. @returns {Record<string, string>} */
export const headers = () => (token.peek() ? { Authorization: `Bearer ${token.peek()}` } : {});

/** @param {Response} response @param {RegExp} scheme */
const asksFor = (response, scheme) => response.status === 401 && scheme.test(response.headers.get("WWW-Authenticate") ?? "");

/** Whether an answer asks for a password: the browser sends it by itself when no token is in its way. @param {Response} response */
export const takesPassword = (response) => asksFor(response, /\bbasic\b/i);

/** Whether an answer asks for an API token alone. @param {Response} response */
export const wantsToken = (response) => asksFor(response, /\bbearer\b/i) && !takesPassword(response);

/** Whether the service wants a password, which the browser sends by itself and never tells. */
export async function wantsPassword() {
  return takesPassword(await fetch(new URL("api/jobs?limit=1", BASE), { credentials: "omit" }));
}

/**
 * Asks for another token than this one, and waits until there is one.
 * @param {string} refused the token that was not taken, empty for none
 * @returns {Promise<void>}
 */
export function ask(refused) {
  isWanted = true;
  if (token.peek() !== refused) return Promise.resolve();
  asked.value = refused ? "refused" : "missing";
  return new Promise((resolve) => waiting.push(resolve));
}

/**
 * Takes a token over, and lets go on what waits for one.
 * @param {string} given
 * @param {boolean} keep whether it outlives the tab
 */
export function take(given, keep) {
  write(TAB, keep ? "" : given);
  write(DEVICE, keep ? given : "");
  isKept.value = keep;
  token.value = given;
  asked.value = "";
  const resumed = waiting;
  waiting = [];
  for (const resume of resumed) resume();
}

/** Forgets a token that is not taken any more where a password is. @param {string} refused */
export function giveUp(refused) {
  if (token.peek() !== refused) return;
  isWanted = false;
  forget();
}

/** Forgets the token wherever it is kept. */
export function forget() {
  write(TAB, "");
  write(DEVICE, "");
  isKept.value = false;
  token.value = "";
}

/** @param {() => Storage} store */
function read(store) {
  try {
    return store().getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

/** @param {() => Storage} store @param {string} value empty to remove it */
function write(store, value) {
  try {
    if (value) store().setItem(KEY, value);
    else store().removeItem(KEY);
  } catch {
    // It is known until the page is closed.
  }
}
