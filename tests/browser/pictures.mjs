// Pictures of the page at work: light and dark, and on a phone.
import { join } from "node:path";
import { download, open, PHONE, WIDE, withPage } from "./page.mjs";

const folder = process.argv[3];
const QUANTIZED = "acme/SmolLM2-135M-Instruct-GGUF";

await withPage(async (page) => {
  const take = (name) => page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
  const both = async (name) => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await take(`${name}-${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: "light" });
  };
  await page.setViewportSize(WIDE);
  await open(page, `start?repo=${QUANTIZED}`, "section[aria-label=Repository]");
  await page.getByRole("checkbox", { name: /Q4_K_M/ }).check();
  await both("start");
  await page.setViewportSize(PHONE);
  await take("start-phone");
  await page.setViewportSize(WIDE);
  await download(page, "acme/vit-base", { revision: "gone" });
  await open(page, "jobs", "article[aria-label^=Failed]");
  await download(page, QUANTIZED, { filters: ["q4_k_m"] });
  await download(page, "acme/gpt2-medium");
  await download(page, "acme/fineweb-sample", { dataset: true });
  // Each has come some way, and the charts have something to show.
  await page.waitForFunction(() => {
    const bars = [...document.querySelectorAll("article[aria-label^=Running] [role=progressbar]")];
    return bars.length === 3 && bars.every((bar) => Number(bar.getAttribute("aria-valuenow")) >= 12);
  });
  await both("jobs");
  await page.setViewportSize(PHONE);
  await take("jobs-phone");
  await page.setViewportSize(WIDE);
  await open(page, "cluster", "td >> text=acme/gpt2-medium");
  await take("cluster");
  await open(page, "cache", "td >> text=acme/whisper-small");
  await both("cache");
  await page.setViewportSize(PHONE);
  await take("cache-phone");
});
