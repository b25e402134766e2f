import { expect, test } from "vitest";
import { readSearch, writeSearch } from "./search.ts";

test.each([
  {},
  { q: "eventName: Stop* and not user: a&b=c", from: "now-24h" },
  { f: ["a:1", "-b:2"], q: "+ %25 #" },
  { q: "删除 \\\"x\\\"" },
])("%j comes back", (search) => expect(readSearch(writeSearch(search))).toEqual(search));

test("what is empty is left out", () => expect(writeSearch({ a: "", b: undefined, c: [] })).toBe(""));
test("an address can be read", () => expect(writeSearch({ q: "eventName: a/b", from: "now-1d/d" })).toBe("?q=eventName:+a/b&from=now-1d/d"));
