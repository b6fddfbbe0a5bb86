// From a name to a completed job on a phone, by the keyboard alone: where the focus is can always be seen.
import assert from "node:assert/strict";
import { PHONE, check, withPage } from "./page.mjs";

const MOST_STEPS = 60;

await withPage(async (page) => {
  await page.setViewportSize(PHONE);
  /** What has the focus: its name; it must be there, marked, and on the screen. */
  const focused = async () => {
    const { name, problem } = await page.evaluate(async () => {
      // The browser scrolls to what gets the focus.
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
      const element = document.activeElement;
      if (!element || element === document.body) return { name: "", problem: "nothing has the focus" };
      const label = element.ariaLabel ?? element.labels?.[0]?.innerText ?? element.innerText;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const isMarked = element.tabIndex < 0 || (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2);
      const { top, bottom, left, right } = element.getBoundingClientRect();
      const isSeen = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
      return { name: label.trim(), problem: !isMarked ? "it is not marked" : !isSeen ? "it is not on the screen" : "" };
    });
    assert.equal(problem, "", `the focus on ${name}`);
    return name;
  };
  const press = async (key) => {
    await page.keyboard.press(key);
    return focused();
  };
  const tabTo = async (wanted) => {
    const seen = [];
    while (seen.length < MOST_STEPS) {
      await page.keyboard.press("Tab");
      // Behind the last element comes the browser's own part, once.
      const isBehind = !seen.includes("") && (await page.evaluate(() => document.activeElement === document.body));
      const name = isBehind ? "" : await focused();
      if (name && wanted.test(name)) return;
      seen.push(name);
    }
    assert.fail(`${wanted} was not reached: ${seen.join(" | ")}`);
  };

  await tabTo(/^Skip to the content/);
  await press("Enter");
  await tabTo(/^Which model or dataset/);
  await page.keyboard.type("acme/mistral-GGUF");
  await press("Enter");
  await page.getByRole("region", { name: "Repository" }).waitFor();
  await focused();
  await tabTo(/^Revision/);
  for (const [key, shown] of [["ArrowDown", "Q5_K_M"], ["ArrowUp", "Q4_K_M"]]) {
    await page.keyboard.press(key);
    await page.getByRole("checkbox", { name: shown }).waitFor();
    assert.match(await focused(), /^Revision/);
  }
  await tabTo(/^Q4_K_M/);
  await press("Space");
  assert.ok(await page.getByRole("checkbox", { name: "Q4_K_M" }).isChecked());
  await tabTo(/^Preview$/);
  await press("Enter");
  await page.getByRole("region", { name: "Preview" }).getByText("mistral.Q4_K_M.gguf").waitFor();
  await focused();
  await tabTo(/^Download$/);
  await page.keyboard.press("Enter");
  await page.waitForURL(/#\/jobs\/[0-9a-f]+/);
  await page.getByText(/^Completed/).waitFor();
  await focused();
  await check(page, "job on a phone");
  await tabTo(/All jobs/);
  await page.keyboard.press("Enter");
  await page.getByRole("article", { name: "Completed: acme/mistral-GGUF" }).waitFor();
  await focused();
  await tabTo(/^Skip to the content/);
  await press("Enter");
  // It leads to the content of this page.
  await page.getByRole("heading", { name: "Jobs", exact: true }).waitFor();
  // The list may lose the job long before the answer comes.
  let answer = () => {};
  const seen = new Promise((resolve) => (answer = resolve));
  await page.route("**/dismiss", async (route) => {
    const response = await route.fetch();
    await seen;
    await route.fulfill({ response });
  });
  await tabTo(/^Dismiss acme/);
  await page.keyboard.press("Enter");
  await page.getByText("No jobs yet").waitFor();
  assert.equal(await focused(), "Jobs");
  const answered = page.waitForResponse("**/dismiss");
  answer();
  await answered;
  assert.equal(await focused(), "Jobs");
});
