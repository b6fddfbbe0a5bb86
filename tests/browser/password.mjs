// A token that was kept is in nobody's way once a password is wanted.
import { base, open, withPage } from "./page.mjs";

const KEY = "hfd-api-token /";
const [username, password] = process.argv.slice(3);
await withPage(async (page) => {
  await open(page, "settings", "form");
  await page.waitForFunction((key) => localStorage.getItem(key) === null, KEY);
}, {
  // What drives the browser answers for requests alone.
  isExpected: (text) => /status of 401|WebSocket/.test(text),
  login: { username, password, origin: new URL(base).origin },
  prepare: (page) => page.addInitScript((key) => localStorage.setItem(key, "a-token-of-old-times-1234"), KEY),
});
