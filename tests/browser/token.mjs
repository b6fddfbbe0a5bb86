// Where the API wants a token the page asks for it, says when it is wrong, and shows it nowhere.
import assert from "node:assert/strict";
import { base, check, open, withPage } from "./page.mjs";

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
  await open(page, "settings", "form");
  await hidden();
  await page.getByRole("button", { name: /forget/i }).click();
  await page.goto(base);
  await page.reload();
  await dialog.waitFor();
}, {
  isExpected: (text) => /status of 401|WebSocket/.test(text),
  prepare: (page) => {
    page.on("request", (request) => addresses.push(request.url()));
    page.on("websocket", (socket) => addresses.push(socket.url()));
  },
  ready: "dialog",
});
