import { expect, test } from "vitest";
import { parseTyped } from "../../time/format.ts";
import { endOf } from "./ranges.ts";

const read = (text: string) => endOf(text, (t) => parseTyped(t, "utc"));

test.each([
  ["now", "now"],
  [" now-15m ", "now-15m"],
  ["now-1d/d", "now-1d/d"],
  ["2026-11-29", "2026-11-29T00:00:00.000Z"],
  ["2026-11-29 10:30", "2026-11-29T10:30:00.000Z"],
  ["2026-11-29T10:30:00+08:00", "2026-11-29T10:30:00+08:00"],
])("%s", (text, want) => expect(read(text)).toBe(want));

test.each(["", "yesterday", "now-", "2026-13-01", "nowish"])("%j is no time", (text) => expect(read(text)).toBeNull());
