import { describe, expect, test } from "vitest";
import { formatOffset, formatStamp, formatTime, parseTyped } from "./format.ts";

describe("formatStamp", () => {
  test.each([
    ["2026-11-29T10:30:05Z", "2026-11-29 10:30:05"],
    ["2026-11-29T10:30:05.123456789Z", "2026-11-29 10:30:05.123456789"],
    ["2026-11-29T10:30:05.5+02:00", "2026-11-29 08:30:05.5"],
    ["not a time", "not a time"],
  ])("%s in UTC", (stamp, want) => expect(formatStamp(stamp, "utc")).toBe(want));
});

describe("parseTyped", () => {
  test.each(["utc", "local"] as const)("reads what is shown in %s", (zone) => {
    const at = new Date("2026-11-29T10:30:05Z");
    expect(parseTyped(formatTime(at, zone), zone)?.toISOString()).toBe(at.toISOString());
  });
  test.each(["2026-02-30", "now", "2026-1-1", "", "2026-11-29 25:00", "2026-11-29 10:30:05.1234"])("refuses %j", (text) => expect(parseTyped(text, "utc")).toBeNull());
  test("takes a day for its begin", () => expect(parseTyped("2026-11-29", "utc")?.toISOString()).toBe("2026-11-29T00:00:00.000Z"));
  test("takes tenths", () => expect(parseTyped("2026-11-29 10:30:05.5", "utc")?.toISOString()).toBe("2026-11-29T10:30:05.500Z"));
});

test("formatOffset", () => expect(formatOffset(new Date(0), "utc")).toBe("Z"));
