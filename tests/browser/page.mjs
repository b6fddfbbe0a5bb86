// A browser on the service, and what must hold on every page of it.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(new URL("../node/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const { AxeBuilder } = require("@axe-core/playwright");

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const LIMIT_MS = 30_000;
export const WIDE = { width: 1200, height: 800 };
export const PHONE = { width: 375, height: 700 };
/** What WCAG 2.2 calls reflow. */
const NARROWEST = { width: 320, height: 640 };
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const base = process.argv[2].replace(/\/?$/, "/");

/**
 * Runs `work` with a page of a new browser. Complaints of the page fail it, but those that `isExpected` knows; `prepare` has the
 * page before it is opened, `ready` is what it shows then, and `login` is what its user answers a question for a password with.
 */
export async function withPage(work, { isExpected = () => false, prepare = () => {}, ready = ".connection.live", login } = {}) {
  const profile = await mkdtemp(join(tmpdir(), "hfd-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium", args: FLAGS, viewport: WIDE, headless: true, httpCredentials: login,
  });
  const complaints = [];
  const complain = (text) => isExpected(text) || complaints.push(text);
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(LIMIT_MS);
    page.on("console", (message) => message.type() === "error" && complain(`console: ${message.text()}`));
    page.on("pageerror", (error) => complain(`error: ${error.message}`));
    page.on("dialog", (dialog) => complain(`dialog: ${dialog.message()}`));
    page.on("request", (request) => request.url().startsWith(base) || complain(`left the origin: ${request.url()}`));
    await page.exposeFunction("violates", (text) => complain(`content security policy: ${text}`));
    await page.addInitScript(() => {
      addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
        globalThis.violates(`${violatedDirective} ${blockedURI} ${sample}`));
    });
    await prepare(page);
    await page.goto(base);
    await page.waitForSelector(ready);
    await work(page);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Opens a part of the page and waits until it shows `selector`. */
export async function open(page, part, selector) {
  await page.goto(`${base}#/${part}`);
  await page.waitForSelector(selector);
  // The page gives its heading the focus after it is drawn: it would take it from what a script chooses meanwhile.
  await drawn(page);
}

/** Waits until what has happened is drawn. */
export const drawn = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** Takes the page out of sight, or brings it back. */
export const hide = (page, isHidden) => page.evaluate((isHidden) => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}, isHidden);

/** Asks the service as another program would. */
export async function api(page, method, path, data) {
  const answer = await page.request.fetch(`${base}api/${path}`, { method, data });
  assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
  return answer.json();
}

/** Makes a job; returns its id. */
export async function download(page, repo, more = {}) {
  const answer = await api(page, "POST", "download", { repo, ...more });
  return (answer.job ?? answer).id;
}

/** What holds on every page, in both colour schemes, and on the narrowest screen. A page is the same whatever serves it: once is enough. */
export async function check(page, name) {
  if (process.env.HFD_PAGES_ARE_CHECKED) return;
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const axe = new AxeBuilder({ page });
    // The schemes differ in their colours alone.
    const { violations } = await (colorScheme === "light" ? axe.withTags(RULES) : axe.withRules(["color-contrast"])).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    assert.deepEqual(found, [], `${name}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: null });
  await reflows(page, name);
}

/** Nothing needs to be scrolled to the side on the narrowest screen. */
async function reflows(page, name) {
  const before = page.viewportSize();
  await page.setViewportSize(NARROWEST);
  const wide = await page.evaluate(async () => {
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    const beyond = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > innerWidth);
    return ["wider than the screen:", ...beyond.slice(0, 5).map((element) => element.outerHTML.slice(0, 100))];
  });
  assert.deepEqual(wide, [], name);
  await page.setViewportSize(before);
}
