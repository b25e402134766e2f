import { expect, test } from "vitest";
import { exclude, filterQuery, include, readFilter, withFilter, writeFilter } from "./filters.ts";

test.each([
  include("eventName", "StopInstance"),
  exclude("sourceIpAddress", "2001:db8::1"),
  include("errorCode", null),
  { ...exclude("requestParameters.x-a:b?c", "-~^ % \n?"), off: true, pinned: true },
  include("a", ""),
])("%j comes back from an address", (f) => expect(readFilter(writeFilter(f))).toEqual(f));

test.each(["", "-", "eventName", "%zz:a"])("%j is none", (text) => expect(readFilter(text)).toBeNull());

test("what it asks", () => {
  expect(filterQuery(exclude("userIdentity.userName", "ci-deployer"))).toBe('not userIdentity.userName: "ci-deployer"');
  expect(filterQuery(include("errorCode", null))).toBe("errorCode: *");
});

test("the other sign turns a filter over", () => {
  const filters = withFilter(withFilter([], { ...include("a", "1"), off: true }), exclude("a", "1"));
  expect(filters).toEqual([exclude("a", "1")]);
  expect(withFilter(filters, include("a", "2"))).toHaveLength(2);
});
