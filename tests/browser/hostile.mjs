// Names of every kind that are markup are shown as they are written, wherever they come from.
import assert from "node:assert/strict";
import { api, base, check, open, withPage } from "./page.mjs";

const MARKUP = "<img src=x onerror=window.hurt=1>";
const REPO = "acme/hostile";
/** Addresses that somebody may be led to. */
const ROUTES = [
  `#/start?repo=${encodeURIComponent(MARKUP)}`, `#/start?repo=${REPO}&revision=${encodeURIComponent(MARKUP)}`,
  `#/start?repo=${REPO}&filters=${encodeURIComponent(MARKUP)}`, `#/start?repo=${REPO}&type=${encodeURIComponent(MARKUP)}`,
  `#/jobs/${encodeURIComponent(MARKUP)}`, `#/cache/${encodeURIComponent(MARKUP)}/${encodeURIComponent(MARKUP)}`,
  `#/cache/model/${encodeURIComponent(`acme/${MARKUP}`)}`, `#/${encodeURIComponent(MARKUP)}`, `#${MARKUP}`,
  "#javascript:window.hurt=1", "#/javascript:window.hurt=1", "#/start?repo=javascript:window.hurt=1", "#/jobs/%E0%A4%A", "#/%",
  "#/jobs/__proto__", "#/constructor", "#/cache/model/..%2f..%2fapi%2fjobs", "#/start?repo=..%2Fjobs", "#/cache/model/..%2Fjobs",
  "#/start?repo=%E0%A4%A",
];

/** Gives the workers of jobs a hostile name, which a machine may have. */
const rename = (text) => {
  const message = JSON.parse(text);
  for (const job of message.data.jobs ?? [message.data]) if (job.workers?.length) job.workers = [MARKUP];
  return JSON.stringify(message);
};
await withPage(async (page) => {
  const inert = async (where) => {
    const found = await page.evaluate(() => ({
      hurt: globalThis.hurt,
      elements: document.querySelectorAll("body :is(img:not([src='ui/icon.svg']), script, iframe, object, [onerror], [onload], [onclick], b)").length,
      links: [...document.querySelectorAll("a")].map(({ protocol }) => protocol).filter((protocol) => !/^https?:$/.test(protocol)),
    }));
    assert.deepEqual(found, { hurt: undefined, elements: 0, links: [] }, where);
  };
  const shown = async (where, hasTurned = false) => {
    await page.getByText(MARKUP).filter({ visible: true }).first().waitFor();
    await inert(where);
    // Text that turns its direction is alone in an element that keeps it to itself.
    const turned = await page.locator("main :not(:has(*))", { hasText: "\u202e" }).all();
    assert.ok(turned.length > 0 || !hasTurned, `${where}: no text that turns its direction`);
    for (const text of turned) {
      assert.ok(await text.evaluate((element) => element.closest("bdi, option") !== null), `${where}: ${await text.innerHTML()}`);
    }
  };
  await open(page, `start?repo=${REPO}`, "section[aria-label=Repository]");
  const closed = page.locator("details:not([open]) > summary");
  while (await closed.count()) await closed.first().click();
  await shown("start", true);
  assert.ok((await page.locator("option").allInnerTexts()).some((name) => name.includes("<b>")));
  await check(page, "start with hostile names");
  await open(page, `start?repo=${REPO}&filters=${encodeURIComponent(`${MARKUP}none`)}`, "section[aria-label=Repository]");
  await page.getByRole("button", { name: "Download", exact: true }).click();
  await page.waitForURL(/#\/jobs\/[0-9a-f]+/);
  await page.getByText(/^Failed/).waitFor();
  await shown("failed job");
  await check(page, "failed job");
  const { jobs } = await api(page, "GET", "jobs");
  const running = jobs.find(({ status }) => status === "running");
  await open(page, `jobs/${running.id}`, "text=/^Running/");
  await shown("running job", true);
  await check(page, "job with hostile names");
  await open(page, "jobs", "article");
  await shown("jobs");
  await page.getByRole("searchbox", { name: "Search jobs" }).fill(MARKUP);
  await inert("jobs searched");
  await open(page, "cluster", `text=${MARKUP}`);
  await shown("cluster");
  await check(page, "cluster with hostile names");
  await open(page, "cache", "table");
  await inert("cache");
  await page.getByRole("cell").getByRole("link", { name: "acme/strange" }).click();
  await page.getByRole("heading", { name: "Revisions" }).waitFor();
  await shown("details");
  await check(page, "details with hostile names");
  for (const route of ROUTES) {
    await page.goto(`${base}${route}`);
    await page.getByRole("main").getByRole("heading").first().waitFor();
    // It says so while it waits for an answer.
    await page.waitForFunction(() => ![...document.querySelectorAll("main [role=status]")].some(({ textContent }) => textContent?.endsWith("…")));
    await inert(route);
  }
}, {
  isExpected: (text) => /status of 4\d\d/.test(text),
  prepare: async (page) => {
    await page.routeWebSocket(/./, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => socket.send(rename(message)));
    });
    await page.route("**/api/cluster", async (route) => {
      const answer = await route.fetch();
      const cluster = await answer.json();
      for (const worker of cluster.workers ?? []) worker.name = MARKUP;
      await route.fulfill({ response: answer, json: cluster });
    });
  },
});
