import { describe, expect, test } from "vitest";
import { parser } from "./kql.grammar";
import corpus from "./corpus.json";
import { pointsOf, unitsOf } from "./points.ts";
import { wordsOf } from "./words.ts";
import { allOf, condition } from "./write.ts";

function mistakes(text: string): number {
  let n = 0;
  parser.parse(text).iterate({ enter: (node) => void (n += Number(node.type.isError)) });
  return n;
}

// kql_test.go holds the server's parser against the same list.
test.each(corpus.good)("the colours know %j", (text) => expect(mistakes(text)).toBe(0));
test.each(corpus.bad)("the colours show a mistake in %j", (text) => expect(mistakes(text)).toBeGreaterThan(0));

describe("what is written", () => {
  test("values need no care of who clicks on them", () => {
    expect(condition("eventName", 'a "b" \\ c\n')).toBe('eventName: "a \\"b\\" \\\\ c\\n"');
    expect(condition("requestParameters.a b", null)).toBe('"requestParameters.a b": *');
  });
  test("or of a person stays together", () => {
    expect(allOf(["a: 1 or b: 2", "", "eventRW: Write", 'not x: "y or z"'])).toBe('(a: 1 or b: 2) and eventRW: Write and not x: "y or z"');
    expect(allOf(["a: 1 or b: 2"])).toBe("a: 1 or b: 2");
    expect(allOf([])).toBe("");
  });
});

test("words to be marked", () => {
  expect(wordsOf('eventName: Stop* and not userIdentity.userName: alice and "two words" or x > 3 and (a1 or b1)')).toEqual(["Stop", "two words", "a1", "b1"]);
});

test("places in characters and in units", () => {
  const text = "a😀b";
  expect(pointsOf(text, 3)).toBe(2);
  expect(unitsOf(text, 2)).toBe(3);
});
