// Hundreds of jobs, and one with very many files, are opened, scrolled and searched without a pause.
import assert from "node:assert/strict";
import { check, open, withPage } from "./page.mjs";
import { LONG_MS, longestTask } from "./tasks.mjs";

const [id, ...counts] = process.argv.slice(3);
const [jobs, files] = counts.map(Number);
/** To open something big may take some of them. */
const OPEN_MS = 200;
const MOST_ELEMENTS = 1500;

await withPage(async (page) => {
  const bounded = async (where) => {
    const elements = await page.locator("*").count();
    assert.ok(elements < MOST_ELEMENTS, `${where}: ${elements} elements`);
  };
  const row = (place) => page.locator(`[aria-posinset="${place}"]`).waitFor();
  const smooth = async (what, limit, work) => {
    const begun = performance.now();
    const longest = await longestTask(page, work);
    console.log(`${what}: ${longest} ms, ${Math.round(performance.now() - begun)} in all`);
    assert.ok(longest < limit, `${what}: a task of ${longest} ms`);
    await bounded(what);
  };
  const scroll = async (label, last) => {
    const list = page.getByRole("group", { name: label, exact: true });
    for (const part of [0.25, 0.5, 0.75, 1]) {
      await list.evaluate((element, part) => { element.scrollTop = part * element.scrollHeight; }, part);
      await row(Math.floor(part * last));
    }
  };
  const type = async (label, text, count) => {
    await page.getByRole("searchbox", { name: label }).pressSequentially(text);
    await page.locator(`[aria-setsize="${count}"]`).first().waitFor();
  };
  await smooth("opening the jobs", OPEN_MS, () => open(page, "jobs", `[aria-setsize="${jobs}"]`));
  await smooth("scrolling the jobs", LONG_MS, () => scroll("Jobs", jobs));
  await smooth("searching the jobs", LONG_MS, () => type("Search jobs", "WAITING-123", 1));
  await check(page, "many jobs");
  await smooth("opening the files", OPEN_MS, async () => {
    await open(page, `jobs/${id}`, "[aria-setsize]");
    await page.locator(`[aria-setsize="${files}"]`).first().waitFor();
  });
  await smooth("scrolling the files", LONG_MS, () => scroll("Files", files));
  await smooth("searching the files", LONG_MS, () => type("Search files", "69/0699", 100));
  await page.getByRole("searchbox", { name: "Search files" }).fill("");
  await page.locator(`[aria-setsize="${files}"]`).first().waitFor();
  await check(page, "many files");
});
