// A server that dies and comes back is followed without a reload. Prints what it waits for.
import assert from "node:assert/strict";
import { check, download, open, withPage } from "./page.mjs";

const isExpected = (text) => /ERR_|WebSocket|Failed to load/.test(text);
const way = process.argv[3];
await withPage(async (page) => {
  const id = await download(page, "acme/slow");
  await open(page, `jobs/${id}`, "text=/^Running/");
  await page.evaluate(() => { globalThis.sameDocument = true; });
  console.log("running");
  await page.getByText("Connection lost").waitFor();
  await check(page, "lost connection");
  console.log("lost");
  // It tries less and less often.
  await page.locator(".connection.live").waitFor({ timeout: 60_000 });
  await page.getByText(/^Completed/).waitFor();
  assert.equal(await page.getByRole("progressbar", { name: "Progress of the job" }).getAttribute("aria-valuenow"), "100");
  assert.equal(await page.evaluate(() => globalThis.sameDocument), true);
}, {
  isExpected,
  // As a proxy that knows no WebSocket.
  prepare: (page) => way === "events" && page.routeWebSocket(/./, (socket) => socket.close()),
});
