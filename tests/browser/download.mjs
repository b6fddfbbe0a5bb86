// From a name to a completed job.
import assert from "node:assert/strict";
import { check, withPage } from "./page.mjs";

await withPage(async (page) => {
  await check(page, "start");
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByRole("alert").getByText("Type the name of a repository").waitFor();
  await check(page, "start without a name");
  await page.getByRole("textbox", { name: "Which model or dataset?" }).fill("acme/nothing");
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByText("Repository not found").waitFor();
  await check(page, "start with an error");
  await page.getByRole("textbox", { name: "Which model or dataset?" }).fill("acme/mistral-GGUF");
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByRole("region", { name: "Repository" }).waitFor();
  await page.getByRole("checkbox", { name: "Q4_K_M" }).check();
  await check(page, "analysis");
  await page.getByRole("button", { name: "Preview" }).click();
  const preview = await page.getByRole("region", { name: "Preview" }).innerText();
  assert.match(preview, /mistral\.Q4_K_M\.gguf/);
  assert.doesNotMatch(preview, /Q8_0/);
  await check(page, "preview");
  await page.getByRole("button", { name: "Download", exact: true }).click();
  await page.waitForURL(/#\/jobs\/[0-9a-f]+/);
  await page.getByText(/^Completed/).waitFor();
  await page.getByText("mistral.Q4_K_M.gguf").waitFor();
  assert.equal(await page.getByRole("progressbar", { name: "Progress of the job" }).getAttribute("aria-valuenow"), "100");
  assert.doesNotMatch(await page.getByRole("main").innerText(), /Q8_0/);
  await check(page, "job");
}, { isExpected: (text) => text.includes("status of 404") });
