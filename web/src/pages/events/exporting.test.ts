import { expect, test } from "vitest";
import { counter } from "./exporting.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("lines of NDJSON", () => {
  const count = counter("ndjson");
  expect(count(bytes('{"a":1}\n{"b'))).toBe(1);
  expect(count(bytes('":"\\n\\""}\n'))).toBe(2);
});

test("a line break within quotes of CSV is no line", () => {
  const count = counter("csv");
  expect(count(bytes('eventId,errorMessage\n1,"two\nlines ""quo'))).toBe(0);
  expect(count(bytes('ted"" here\n"\n2,x\n'))).toBe(2);
});

test("a line of CEF is one event, whatever quotes it has", () => {
  const count = counter("cef");
  expect(count(bytes('CEF:0|a|a|1|x|"|3|msg="\nCEF:0|a|a|1|y|y|3|\n'))).toBe(2);
});
