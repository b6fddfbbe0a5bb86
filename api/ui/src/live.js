// Live progress: by WebSocket, or by Server-Sent Events where a proxy knows no WebSocket. Either begins with all jobs, so a
// connection that was lost leaves nothing stale.
import { signal } from "./html.js";
import * as jobs from "./jobs.js";

/** @typedef {"connecting" | "live" | "lost"} Connection */

/** Whether what is shown is what is. @type {import("./html.js").Signal<Connection>} */
export const connection = signal("connecting");

/** The service's version. */
export const version = signal("");

const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 10_000;
/** The server pings every 30 s, but a page does not see that: a socket that cannot be written to is closed by the browser. */
const OPEN_LIMIT_MS = 10_000;
/** WebSockets that never opened, before events are tried. */
const TRIES = 2;

/** Updates since the last frame, the newest of each job. @type {Map<string, import("./types").Job>} */
const pending = new Map();
let scheduled = false;

/** Connects, and connects again, as long as the page is open. */
export function follow() {
  let failed = 0;
  let pause = MIN_PAUSE_MS;
  const again = (/** @type {boolean} */ opened) => {
    connection.value = "lost";
    failed = opened ? 0 : failed + 1;
    pause = opened ? MIN_PAUSE_MS : Math.min(MAX_PAUSE_MS, pause * 2);
    setTimeout(connect, pause * (0.5 + Math.random() / 2));
  };
  const connect = () => (failed > 0 && failed % (TRIES + 1) === 0 ? events(again) : socket(again));
  connect();
}

/** @param {(opened: boolean) => void} again */
function socket(again) {
  const url = new URL("api/ws", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  const ws = new WebSocket(url);
  let opened = false;
  const limit = setTimeout(() => ws.close(), OPEN_LIMIT_MS);
  ws.onmessage = (message) => {
    opened = true;
    clearTimeout(limit);
    const { type, data } = JSON.parse(message.data);
    take(type, data);
  };
  ws.onclose = () => {
    clearTimeout(limit);
    again(opened);
  };
}

/** @param {(opened: boolean) => void} again */
function events(again) {
  const source = new EventSource("api/events");
  let opened = false;
  for (const type of ["init", "job_update", "event"]) {
    source.addEventListener(type, (message) => {
      opened = true;
      take(type, JSON.parse(message.data));
    });
  }
  source.onerror = () => {
    source.close();
    again(opened);
  };
}

/** @param {string} type @param {any} data */
function take(type, data) {
  connection.value = "live";
  if (type === "init") {
    pending.clear();
    version.value = data.version;
    jobs.reset(data.jobs);
  } else if (type === "job_update") {
    pending.set(data.id, data);
    schedule();
  } else if (data.event === "job_removed") {
    pending.delete(data.jobId);
    jobs.removed(data.jobId);
  } else if (data.event === "files_changed") {
    jobs.noteFilesChanged(data.jobId);
  }
}

/** Many messages a second cost one drawing a frame; a page in the background is not drawn, but goes on to take them. */
function schedule() {
  if (scheduled) return;
  scheduled = true;
  const flush = () => {
    scheduled = false;
    const changed = [...pending.values()];
    pending.clear();
    jobs.update(changed);
  };
  if (document.hidden) setTimeout(flush, 1000);
  else requestAnimationFrame(flush);
}
