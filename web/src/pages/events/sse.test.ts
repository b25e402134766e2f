import { expect, test } from "vitest";
import { reader } from "./sse.ts";

test("events come whole, wherever the stream is cut", () => {
  const text = ': alive\nid: 3\n\nevent: ready\nid: 4\ndata: {}\n\nevent: event\nid: 5\ndata: {"a":"b: c"}\n\n';
  for (let at = 0; at < text.length; at++) {
    const read = reader();
    const sent = [...read(text.slice(0, at)), ...read(text.slice(at))];
    expect(sent).toEqual([
      { name: "", data: "", id: "3" },
      { name: "ready", data: "{}", id: "4" },
      { name: "event", data: '{"a":"b: c"}', id: "5" },
    ]);
  }
});
