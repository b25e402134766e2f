import { describe, expect, test } from "vitest";
import { addressOf, readInvestigateSearch, subjectOf } from "./address.ts";
import { kindOf, queryOf, rangeAround, shapeOf, subjectsOf } from "./subject.ts";

test.each([
  ["10.1.2.3", "ip"],
  ["2001:db8::1", "ip"],
  ["::1", "ip"],
  ["LTAI5tExample", "key"],
  ["STS.NUexample", "key"],
  ["alice", null],
  ["acs:ram", null],
  ["i-0123", null],
  ["dead:beef", null],
])("%s looks like %s", (text, want) => expect(shapeOf(text)).toBe(want));

test("a query of a subject takes any value for itself", () => {
  expect(queryOf({ kind: "ip", value: "2001:db8::1" })).toBe('sourceIpAddress: "2001:db8::1"');
  expect(queryOf({ kind: "actor", value: 'a"b*' })).toBe('userIdentity.userName: "a\\"b*" or userIdentity.principalId: "a\\"b*"');
});

test("a field leads to the page of its values", () => {
  expect(kindOf("userIdentity.principalId")).toBe("actor");
  expect(kindOf("eventName")).toBeNull();
});

describe("the address", () => {
  test("has one subject", () => {
    const search = readInvestigateSearch({ actor: "alice", ip: "10.0.0.1", from: "now-1d", f: ["eventName:Stop", "nothing"], other: "x" });
    expect(search).toEqual({ actor: "alice", from: "now-1d", to: undefined, f: ["eventName:Stop"] });
    expect(subjectOf(search)).toEqual({ kind: "actor", value: "alice" });
  });
  test("without one is the begin", () => expect(subjectOf(readInvestigateSearch({ actor: "" }))).toBeNull());
  test("of another subject keeps the time, not the filters", () => expect(addressOf("key", "LTAI1", { from: "now-1d" })).toEqual({ key: "LTAI1", from: "now-1d", to: undefined }));
});

test("an event names its subjects by what it has", () => {
  const event = { eventId: "1", eventTime: "", eventName: "", eventRW: "", eventType: "", serviceName: "", sourceIpAddress: "10.0.0.1", userIdentity: { principalId: "28", accessKeyId: "LTAI1" } };
  expect(subjectsOf(event)).toEqual([
    { kind: "actor", value: "28" },
    { kind: "key", value: "LTAI1" },
    { kind: "ip", value: "10.0.0.1" },
  ]);
});

test("an old event is looked at in its own time", () => {
  const now = Date.parse("2026-11-20T00:00:00Z");
  expect(rangeAround("2026-11-19T12:00:00Z", now)).toEqual({});
  expect(rangeAround("2026-10-19T12:00:00.5Z", now)).toEqual({ from: "2026-10-12T12:00:00.500Z", to: "2026-10-20T12:00:00.500Z" });
});
