// Server-Sent Events out of a stream, for `EventSource` sends no header:
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

/** @typedef {{ type: string, data: string }} StreamEvent */

/** Makes events of text, however it is cut into pieces. */
export class EventParser {
  #rest = "";
  #type = "";
  /** @type {string[]} */
  #data = [];

  /**
   * Takes the next piece and tells the events that it completes.
   * @param {string} text
   * @returns {StreamEvent[]}
   */
  push(text) {
    const whole = this.#rest + text;
    // A CR at the end may be the first half of a CRLF.
    const lines = whole.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line));
  }

  /** @param {string} line @returns {StreamEvent[]} */
  #line(line) {
    if (line) {
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === "event") this.#type = value;
      if (field === "data") this.#data.push(value);
      return [];
    }
    const events = this.#data.length ? [{ type: this.#type || "message", data: this.#data.join("\n") }] : [];
    this.#type = "";
    this.#data = [];
    return events;
  }
}

/**
 * Reads a body to its end.
 * @param {ReadableStream<Uint8Array>} body
 * @param {(events: StreamEvent[]) => void} heard told of each piece, also when it completes no event: comments are signs of life
 */
export async function readEvents(body, heard) {
  const parser = new EventParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard(parser.push(decoder.decode(value, { stream: true })));
  }
}
