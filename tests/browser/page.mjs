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
const LIMIT_MS = 15_000;
const WIDE = { width: 1200, height: 800 };
const NARROW = { width: 375, height: 700 };

export const base = process.argv[2].replace(/\/?$/, "/");

/** Runs `work` with a page of a new browser; complaints of the page fail it, but those that `isExpected` knows. */
export async function withPage(work, isExpected = () => false) {
  const profile = await mkdtemp(join(tmpdir(), "hfd-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium", args: FLAGS, viewport: WIDE, headless: true,
  });
  const complaints = [];
  const complain = (text) => isExpected(text) || complaints.push(text);
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(LIMIT_MS);
    page.on("console", (message) => message.type() === "error" && complain(`console: ${message.text()}`));
    page.on("pageerror", (error) => complain(`error: ${error.message}`));
    page.on("request", (request) => request.url().startsWith(base) || complain(`left the origin: ${request.url()}`));
    await page.goto(base);
    await page.waitForSelector(".connection.live");
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
}

/** What holds on every page, in both colour schemes and on a phone. */
export async function check(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    assert.deepEqual(found, [], `${name}, ${colorScheme}`);
  }
  await page.setViewportSize(NARROW);
  const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(needed <= there, `${name} is ${needed} pixels wide on a phone of ${there}`);
  await page.setViewportSize(WIDE);
}
