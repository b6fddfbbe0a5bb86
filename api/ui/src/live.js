// Live progress: by WebSocket, or by Server-Sent Events where a proxy knows no WebSocket and where an API token is wanted, for
// browsers put no header on a WebSocket. Either begins with the jobs that have room in a message, and the others are read, so a
// connection that was lost leaves nothing stale.
import { asked, BASE, isWanted, token } from "./access.js";
import { send } from "./api.js";
import { signal } from "./html.js";
import * as inbox from "./inbox.js";
import * as jobs from "./jobs.js";
import { patiently } from "./patience.js";
import { isBehind, readRest } from "./rest.js";
import * as service from "./service.js";
import { readEvents } from "./sse.js";

/** @typedef {"connecting" | "live" | "lost"} Connection */

/** Whether what is shown is what is. @type {import("./html.js").Signal<Connection>} */
export const connection = signal("connecting");

/** The service's version. */
export const version = signal("");

const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 10_000;
/** WebSockets that never opened, before events are tried. */
const TRIES = 2;
/** How long a new connection may say nothing. */
const OPEN_LIMIT_MS = 10_000;
/** How long an open one may: events have a comment every 15 seconds. A WebSocket is silent for as long as nothing changes. */
const SILENCE_LIMIT_MS = 45_000;
/** After so long in the background the machine may have slept, and the connection be dead without a sign of it. */
const HIDDEN_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 5_000;
/** How long what is known by a request may be news to the connection. */
const NEWS_LIMIT_MS = 5_000;

/** When the page went out of sight; 0 while it can be seen. */
let hidden = document.hidden ? Date.now() : 0;
/** When the connection last gave a sign of life. */
let heard = 0;
/** When the connection was last compared. */
let compared = 0;
let isByEvents = false;
/** Ends the connection, so that a new one takes its place at once. */
let renew = () => {};
/** Ends the reading of what the first message left out. */
let reading = new AbortController();

/** Connects, and connects again, as long as the page is open. */
export async function follow() {
  watch();
  // A WebSocket does not tell that it lacks a token: another request asks for it beforehand.
  if (!isWanted) await service.jobs({ limit: 1 }, AbortSignal.timeout(OPEN_LIMIT_MS)).catch(() => null);
  let failed = 0;
  for (;;) {
    isByEvents = isWanted || failed % (TRIES + 1) === TRIES;
    if (isIdle()) await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
    const end = new AbortController();
    renew = () => end.abort();
    heard = Date.now();
    const opened = await (isByEvents ? events(end.signal) : socket(end.signal));
    failed = opened ? 0 : failed + 1;
    connection.value = "lost";
    if (end.signal.aborted) continue;
    const pause = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** failed);
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random() / 2)));
  }
}

/** Whether the page has been out of sight for long. */
const isAway = () => hidden > 0 && Date.now() - hidden > HIDDEN_LIMIT_MS;

/** Whether a stream of events is of no use: it is one of the six requests that a browser has for all tabs of a service. */
const isIdle = () => isByEvents && isAway();

/** Renews a connection that may be dead without a sign of it: a page does not see the pings of a WebSocket. */
function watch() {
  document.addEventListener("visibilitychange", () => {
    const wasAway = isAway();
    hidden = document.hidden ? Date.now() : 0;
    if (wasAway) renew();
  });
  addEventListener("online", () => renew());
  token.subscribe(() => renew());
  setInterval(() => {
    if (asked.peek()) return;
    if (isIdle()) return renew();
    const isOpen = connection.peek() === "live";
    const mayBeSilent = isOpen && !isByEvents;
    const last = mayBeSilent ? Math.max(heard, compared) : heard;
    if (Date.now() - last <= (isOpen ? SILENCE_LIMIT_MS : OPEN_LIMIT_MS)) return;
    if (!mayBeSilent) renew();
    // What is out of sight is compared once it is back.
    else if (!hidden) void compare();
  }, LOOK_EVERY_MS);
}

/** Renews a silent connection when the service does not answer, or knows what the connection did not tell. */
async function compare() {
  compared = Date.now();
  try {
    if (await isBehind(AbortSignal.timeout(OPEN_LIMIT_MS))) wantNews(compared);
  } catch (/** @type {any} */ error) {
    if (!(error.status > 0)) renew();
  }
}

/** Renews the connection unless it says something soon, or has since a request was sent. @param {number} since */
function wantNews(since) {
  setTimeout(() => {
    if (heard < since && connection.peek() === "live") renew();
  }, NEWS_LIMIT_MS);
}

/**
 * Does what changes jobs, of which the connection has to tell then.
 * @template T
 * @param {() => Promise<T>} work
 */
export async function changing(work) {
  const since = Date.now();
  const answer = await work();
  wantNews(since);
  return answer;
}

/**
 * Shows a job that an answer told of, before a message does.
 * @param {import("./types").Job} job
 * @param {number} since when it was asked for
 */
export function posted(job, since) {
  if (jobs.job(job.id)) return;
  jobs.learn([job]);
  wantNews(since);
}

/** @param {AbortSignal} end @returns {Promise<boolean>} whether it told anything before it ended */
function socket(end) {
  const url = new URL("api/ws", BASE);
  url.protocol = url.protocol.replace("http", "ws");
  const ws = new WebSocket(url);
  let opened = false;
  return new Promise((resolve) => {
    ws.onmessage = (message) => {
      opened = true;
      const { type, data } = JSON.parse(message.data);
      take(type, data);
    };
    ws.onclose = () => resolve(opened);
    // To close a dead connection takes the browser a while, which nobody has to wait for.
    end.addEventListener("abort", () => {
      ws.onmessage = null;
      ws.close();
      resolve(opened);
    });
  });
}

/** @param {AbortSignal} end @returns {Promise<boolean>} whether it told anything before it ended */
async function events(end) {
  let opened = false;
  try {
    const response = await send("api/events", { signal: end, cache: "no-store" });
    if (!response.ok || !response.body) return false;
    await readEvents(response.body, (told) => {
      heard = Date.now();
      if (end.aborted) return;
      for (const { type, data } of told) {
        opened = true;
        take(type, JSON.parse(data));
      }
    });
  } catch {
    // It broke off, or was renewed.
  }
  return opened;
}

/** @param {string} type @param {any} data */
function take(type, data) {
  connection.value = "live";
  heard = Date.now();
  inbox.take(type, data);
  if (type !== "init") return;
  version.value = data.version;
  reading.abort();
  reading = new AbortController();
  const end = reading.signal;
  void patiently(() => readRest(end), end);
}
