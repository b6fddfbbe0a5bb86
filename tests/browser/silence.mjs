// A connection that says nothing is trusted while requests tell the same, and renewed when they tell otherwise.
import assert from "node:assert/strict";
import { api, download, drawn, hide, withPage } from "./page.mjs";

/** More than the page waits for a sign of life, and for what it expects to hear of. */
const SILENCE_MS = 50_000;
const NEWS_MS = 6_000;

/** Whether the connection is dead without a sign of it; the next one is alive. */
let isDead = false;
let connections = 0;

await withPage(async (page) => {
  const slow = (state) => page.getByRole("article", { name: `${state}: acme/slow` });
  const compared = async () => {
    const answer = page.waitForResponse((response) => response.url().includes("status=running"));
    await page.clock.fastForward(SILENCE_MS);
    await (await answer).finished();
    // What the page makes of it is done by then.
    await drawn(page);
    await page.clock.fastForward(NEWS_MS);
  };
  await page.goto(new URL("#/jobs", page.url()).href);
  const id = await download(page, "acme/slow");
  await slow("Running").getByText("0 of 1 file").waitFor();
  isDead = true;
  await compared();
  // A connection that was given up is drawn as lost, until another one lives.
  await drawn(page);
  await page.locator(".connection.live").waitFor();
  assert.equal(connections, 1, "a job that waits says nothing");
  await hide(page, true);
  let asked = 0;
  page.on("request", (request) => { asked += Number(request.url().includes("/api/jobs?")); });
  await page.clock.fastForward(SILENCE_MS - NEWS_MS);
  await drawn(page);
  assert.equal(asked, 0, "nobody sees what is out of sight");
  await hide(page, false);
  isDead = true;
  await api(page, "DELETE", `jobs/${id}`);
  await compared();
  await slow("Cancelled").waitFor();
  assert.equal(connections, 2);
  await download(page, "acme/small");
  await page.getByRole("article", { name: "Completed: acme/small" }).waitFor();
  isDead = true;
  const pressed = page.waitForResponse((response) => response.url().endsWith("/retry"));
  await page.getByRole("button", { name: "Retry acme/slow" }).click();
  await (await pressed).finished();
  await drawn(page);
  await page.clock.fastForward(NEWS_MS);
  await slow("Running").waitFor();
  assert.equal(connections, 3);
}, {
  prepare: async (page) => {
    await page.clock.install();
    await page.routeWebSocket(/./, (socket) => {
      connections += 1;
      isDead = false;
      const service = socket.connectToServer();
      service.onMessage((text) => isDead || socket.send(text));
    });
  },
});
