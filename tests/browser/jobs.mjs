// Jobs are found, paused, resumed, cancelled, retried and dismissed.
import assert from "node:assert/strict";
import { api, check, download, drawn, open, withPage } from "./page.mjs";

/** Whether the first message of a connection leaves out what has ended, as when there are very many jobs. */
let isCut = false;
const cut = (text) => {
  const { data, ...message } = JSON.parse(text);
  return JSON.stringify({ ...message, data: { ...data, jobs: data.jobs.filter((job) => job.endedAt === null) } });
};

/** What was downloaded since would go, too. */
async function removalIsAskedAbout(page, job) {
  await page.route(`**/api/jobs/${job.id}`, (route) => route.fulfill({ json: job }), { times: 1 });
  await open(page, `jobs/${job.id}`, "text=Removal: Failed");
  await page.getByRole("button", { name: `Retry ${job.repo} (dataset)` }).click();
  const dialog = page.getByRole("dialog", { name: "Remove it once more?" });
  await check(page, "question before a removal");
  await dialog.getByRole("button", { name: "Keep it as it is" }).click();
  await dialog.waitFor({ state: "detached" });
}

/** New jobs come first: the row that is asked about is soon none of those that are drawn. */
async function aQuestionStaysWhereRowsMove(page, dialog) {
  const id = await download(page, "acme/slow");
  await page.getByRole("article", { name: "Running: acme/slow" }).waitFor();
  await page.getByRole("button", { name: "Cancel acme/slow", exact: true }).click();
  await dialog.waitFor();
  for (let number = 0; number < 40; number += 1) await api(page, "POST", "download", { repo: `acme/absent-${number}` });
  await page.getByRole("heading", { name: "41 jobs", exact: true }).waitFor();
  await drawn(page);
  await dialog.getByRole("button", { name: "Cancel it" }).click();
  await dialog.waitFor({ state: "detached" });
  for (const one of (await api(page, "GET", "jobs")).jobs) {
    if (one.endedAt === null) await api(page, "DELETE", `jobs/${one.id}`).catch(() => null);
  }
  assert.equal((await api(page, "GET", `jobs/${id}`)).status, "cancelled");
  await api(page, "DELETE", "jobs?status=completed,failed,cancelled");
  await page.getByText("No jobs yet").waitFor();
}

await withPage(async (page) => {
  await open(page, "jobs", "text=No jobs yet");
  await check(page, "no jobs");
  await download(page, "acme/small");
  await page.getByRole("article", { name: "Completed: acme/small" }).waitFor();
  const id = await download(page, "acme/slow");
  const slow = (state) => page.getByRole("article", { name: `${state}: acme/slow` }).waitFor();
  const press = (name) => page.getByRole("button", { name, exact: true }).click();
  await slow("Running");
  await check(page, "jobs");
  isCut = true;
  await page.reload();
  await page.getByRole("article", { name: "Completed: acme/small" }).getByRole("link").click();
  await page.getByRole("group", { name: "Files" }).waitFor();
  isCut = false;
  await open(page, "jobs", "article");
  await page.getByRole("searchbox", { name: "Search jobs" }).fill("SMA");
  await page.getByRole("heading", { name: "1 job", exact: true }).waitFor();
  assert.ok(await page.getByRole("button", { name: "Dismiss ended" }).isDisabled());
  assert.equal(await page.getByRole("article", { name: "acme/slow" }).count(), 0);
  await press("Not ended");
  await page.getByText("No job matches.").waitFor();
  await page.getByRole("searchbox", { name: "Search jobs" }).fill("");
  await slow("Running");
  assert.equal(await page.getByRole("article", { name: "acme/small" }).count(), 0);
  await press("Completed");
  await page.getByRole("article", { name: "acme/small" }).waitFor();
  await press("All");
  await open(page, "cluster", "td >> text=acme/slow");
  const { mode, workers } = await api(page, "GET", "cluster");
  await page.getByText(mode === "single" ? "A single process serves this page" : "All workers share the work").waitFor();
  assert.equal(await page.getByRole("row").filter({ hasText: "version" }).count(), workers.length);
  await page.getByRole("row", { name: /^Files to fetch \d/ }).waitFor();
  await page.getByRole("img", { name: /in the last 60 minutes/ }).waitFor();
  assert.equal(await page.locator(".hour rect").count(), 59, "the present minute has no rate yet");
  await check(page, "cluster");
  await open(page, `jobs/${id}`, "text=Running");
  await check(page, "running job");
  await press("Pause acme/slow");
  await page.getByText(/^Paused/).waitFor();
  await check(page, "paused job");
  await open(page, "jobs", "article");
  await page.getByRole("button", { name: "Resume acme/slow", exact: true }).focus();
  await page.keyboard.press("Enter");
  await slow("Running");
  // No step that comes instead gets what is pressed next.
  await page.waitForFunction(() => document.activeElement?.matches("article a"));
  const dialog = page.getByRole("dialog", { name: "Cancel this download?" });
  await press("Cancel acme/slow");
  await dialog.getByText(/have arrived/).first().waitFor();
  await check(page, "question before a cancellation");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await press("Cancel acme/slow");
  await dialog.getByRole("button", { name: "Cancel it" }).click();
  await slow("Cancelled");
  await page.waitForFunction(() => document.activeElement?.matches("article a"));
  await check(page, "cancelled job");
  await press("Retry acme/slow");
  await slow("Running");
  await press("Cancel acme/slow");
  await dialog.getByText("acme/slow").waitFor();
  await api(page, "DELETE", `jobs/${id}`);
  await slow("Cancelled");
  await dialog.waitFor({ state: "detached" });
  await press("Retry acme/slow");
  await slow("Running");
  assert.equal(await dialog.count(), 0, "the question was for what has ended");
  await api(page, "DELETE", `jobs/${id}`);
  await slow("Cancelled");
  const job = await api(page, "GET", `jobs/${id}`);
  await press("Dismiss acme/small");
  await page.getByRole("heading", { name: "1 job", exact: true }).waitFor();
  await press("Cancelled");
  await press("Dismiss cancelled");
  await check(page, "question");
  await press("Keep it as it is");
  await press("All");
  await press("Dismiss ended");
  await page.getByRole("dialog", { name: "Dismiss 1 ended job?" }).getByRole("button", { name: "Dismiss" }).click();
  await page.getByText("No jobs yet").waitFor();
  await aQuestionStaysWhereRowsMove(page, dialog);
  const last = { ...job, id: "ffffffffffff", kind: "remove", status: "failed", isDataset: true };
  assert.equal((await api(page, "GET", "jobs")).total, 0);
  await open(page, `jobs/${id}`, "text=There is no such job");
  await check(page, "no job");
  await removalIsAskedAbout(page, last);
  // The page asks before it says so, and the browser logs the answer.
}, {
  isExpected: (text) => /404/.test(text),
  prepare: (page) => page.routeWebSocket(/./, (socket) => {
    const service = socket.connectToServer();
    service.onMessage((text) => socket.send(isCut && text.startsWith('{"type":"init"') ? cut(text) : text));
  }),
});
