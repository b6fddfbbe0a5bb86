// The first load is small, all parts together.
import assert from "node:assert/strict";
import { withPage } from "./page.mjs";

const MOST_BYTES = 150_000;
await withPage(async (page) => {
  let bytes = 0;
  const finished = [];
  const count = async (request) => {
    const { responseHeadersSize, responseBodySize } = await request.sizes();
    bytes += responseHeadersSize + responseBodySize;
  };
  page.on("requestfinished", (request) => finished.push(count(request)));
  // What the browser has kept of it would not be sent again.
  const browser = await page.context().newCDPSession(page);
  await browser.send("Network.setCacheDisabled", { cacheDisabled: true });
  await page.reload({ waitUntil: "networkidle" });
  await Promise.all(finished);
  assert.ok(finished.length > 10 && bytes < MOST_BYTES, `${finished.length} requests, ${bytes} bytes`);
});
