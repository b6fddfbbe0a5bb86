// Where the API wants a token the page asks for it, says when it is wrong, and shows it nowhere.
import assert from "node:assert/strict";
import { base, check, hide, open, withPage } from "./page.mjs";

/** A browser has six connections for all tabs of a service. */
async function aHiddenPageHoldsNoStream(page) {
  const isStream = (request) => request.url().endsWith("/api/events");
  await hide(page, true);
  let streams = 0;
  page.on("request", (request) => { streams += Number(isStream(request)); });
  const ended = page.waitForEvent("requestfailed", isStream);
  await page.clock.fastForward(70_000);
  await ended;
  await page.clock.fastForward(20_000);
  assert.equal(streams, 0, "it is out of sight");
  const begun = page.waitForRequest(isStream);
  await hide(page, false);
  await begun;
  await page.locator(".connection.live").waitFor();
}

const token = process.argv[3];
const addresses = [];
await withPage(async (page) => {
  const dialog = page.getByRole("dialog", { name: "This service wants an API token" });
  const field = dialog.getByLabel("API token", { exact: true });
  const go = dialog.getByRole("button", { name: "Continue" });
  const hidden = async () => {
    assert.ok(!(await page.content()).includes(token), "the token is in the page");
    assert.deepEqual(addresses.filter((address) => address.includes(token)), []);
  };
  await check(page, "asking for the token");
  await field.fill("not-the-token-at-all");
  await go.click();
  await dialog.getByRole("alert").getByText("does not take this token").waitFor();
  await check(page, "a wrong token");
  await field.fill(token);
  await go.click();
  await dialog.waitFor({ state: "detached" });
  await page.locator(".connection.live").waitFor();
  await open(page, "start?repo=acme/small", "section[aria-label=Repository]");
  await page.getByRole("button", { name: "Download", exact: true }).click();
  await page.waitForURL(/#\/jobs\/[0-9a-f]+/);
  await page.getByText(/^Completed/).waitFor();
  await page.getByText("The same from a program").click();
  for (const kind of ["curl", "Python"]) {
    await page.getByRole("button", { name: kind, exact: true }).click();
    assert.match(await page.locator("pre").innerText(), /HFD_API_TOKEN/, kind);
  }
  await hidden();
  await page.reload();
  await page.locator(".connection.live").waitFor();
  assert.equal(await dialog.count(), 0, "this tab knows the token");
  await aHiddenPageHoldsNoStream(page);
  await page.getByRole("link", { name: "API", exact: true }).click();
  await page.getByText("List jobs").first().waitFor();
  await page.goBack();
  await open(page, "settings", "form");
  await hidden();
  await page.getByRole("button", { name: /forget/i }).click();
  await page.goto(base);
  await page.reload();
  await dialog.waitFor();
}, {
  isExpected: (text) => /status of 401|WebSocket/.test(text),
  prepare: async (page) => {
    await page.clock.install();
    page.on("request", (request) => addresses.push(request.url()));
    page.on("websocket", (socket) => addresses.push(socket.url()));
  },
  ready: "dialog",
});
