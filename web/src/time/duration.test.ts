import { expect, test } from "vitest";
import { formatAgo, formatDuration } from "./duration.ts";

test("a time is told in the largest unit that it has one of", () => {
  expect(formatDuration(0, "en")).toBe("0 sec");
  expect(formatDuration(59.6, "en")).toBe("60 sec");
  expect(formatDuration(90, "en")).toBe("1.5 min");
  expect(formatDuration(7200, "en")).toBe("2 hr");
  expect(formatDuration(12 * 86_400, "en")).toBe("12 days");
});

test("what was is ago, what comes is in", () => {
  expect(formatAgo(185, "en")).toMatch(/^3 min\.? ago$/);
  expect(formatAgo(-185, "en")).toMatch(/^in 3 min\.?$/);
});
