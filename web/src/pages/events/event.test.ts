import { expect, test } from "vitest";
import { leavesOf, valuesAt } from "./event.ts";

const event = { eventId: "1", requestParameters: { Tag: [{ Key: "env" }, { Key: "team" }], "Tag.1.Key": "x", n: 3.5 }, isGlobal: true };

test("leaves", () => {
  expect(leavesOf(event).map((l) => l.path)).toEqual(["eventId", "requestParameters.Tag.Key", "requestParameters.Tag.Key", "requestParameters.Tag.1.Key", "requestParameters.n", "isGlobal"]);
});
test("values at a path", () => {
  expect(valuesAt(event, "requestParameters.Tag.Key")).toEqual(["env", "team"]);
  expect(valuesAt(event, "requestParameters.Tag.1.Key")).toEqual(["x"]);
  expect(valuesAt(event, "isGlobal")).toEqual(["true"]);
  expect(valuesAt(event, "nothing.here")).toEqual([]);
});
