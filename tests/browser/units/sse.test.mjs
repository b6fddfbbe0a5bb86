import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser, readEvents } from "../../../api/ui/src/sse.js";

const STREAM = 'retry: 2000\n\nid: 1\nevent: init\ndata: {"a":\ndata: "ä🙂"}\n\n: still here\n\nevent: none\n\ndata:x\n\ndata\n\n';
const TOLD = [
  { type: "init", data: '{"a":\n"ä🙂"}' },
  { type: "message", data: "x" },
  { type: "message", data: "" },
];

/** Reads the bytes in pieces of this length. */
async function read(text, length) {
  const bytes = new TextEncoder().encode(text);
  const body = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += length) controller.enqueue(bytes.slice(at, at + length));
      controller.close();
    },
  });
  const told = [];
  let pieces = 0;
  await readEvents(body, (events) => {
    pieces += 1;
    told.push(...events);
  });
  return { told, pieces };
}

test("events are the same wherever the stream is cut, within lines and characters", async () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    // What a lone CR ends is known with the next character.
    const text = STREAM.replaceAll("\n", end) + ":";
    for (const length of [1, 2, 3, 5, 7, 1000]) {
      assert.deepEqual((await read(text, length)).told, TOLD, JSON.stringify({ end, length }));
    }
  }
});

test("a comment is heard though it is no event", async () => {
  assert.deepEqual(await read(": alive\n\n", 100), { told: [], pieces: 1 });
});

test("an event that is not complete is not told", () => {
  assert.deepEqual(new EventParser().push("data: half\n"), []);
});
