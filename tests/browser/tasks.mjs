// How long the page keeps its main thread busy at a time.
import assert from "node:assert/strict";

/** What a browser calls a long task. */
export const LONG_MS = 50;
const CATEGORIES = ["toplevel", "disabled-by-default-lighthouse", "devtools.timeline"];

/**
 * The longest task of the page while `work` is done, in milliseconds. They are those of the thread's processor time, so other
 * programs that keep the machine busy do not count; a page that waits for nothing is as long busy as it takes.
 */
export async function longestTask(page, work) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: CATEGORIES } });
  await work();
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  const mains = new Set(
    events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = events.filter(({ name, pid, tid, tdur }) => name.endsWith("RunTask") && tdur > 0 && mains.has(`${pid} ${tid}`));
  assert.ok(tasks.length > 0, "the trace has no tasks");
  return Math.max(...tasks.map(({ tdur }) => tdur)) / 1000;
}

/** Bytes that are in use, and elements that exist, once what nobody needs is gone. */
export async function memory(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const { nodes } = await session.send("Memory.getDOMCounters");
  await session.detach();
  return { bytes: usedSize, nodes };
}
