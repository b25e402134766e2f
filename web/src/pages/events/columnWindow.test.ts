import { expect, test } from "vitest";
import { inSight, tracksOf } from "./columnWindow.ts";

const widths = [100, 50, 50, 200, 80];
const names = ["a", "b", "c", "d", "e"];

test("columns that reach into what is seen are drawn, and those that are held", () => {
  expect(inSight(widths, 0, 100, [])).toEqual([0]);
  expect(inSight(widths, 120, 201, [])).toEqual([1, 2, 3]);
  expect(inSight(widths, 210, 220, [0, 4])).toEqual([0, 3, 4]);
  expect(inSight(widths, -50, 1000, [])).toEqual([0, 1, 2, 3, 4]);
});

test("gaps keep each column where it is", () => {
  expect(tracksOf(names, widths, [0, 3])).toEqual({
    template: "100px 100px 200px 80px",
    drawn: [
      { name: "a", index: 0, track: undefined },
      { name: "d", index: 3, track: 3 },
    ],
  });
  expect(tracksOf(names, widths, [1, 2]).drawn.map((d) => d.track)).toEqual([2, undefined]);
  // Whatever is drawn, the row is as wide as all of them.
  for (const drawn of [[], [0], [4], [0, 2, 4], [0, 1, 2, 3, 4]]) {
    const sum = tracksOf(names, widths, drawn).template.split(" ").reduce((all, track) => all + Number.parseInt(track, 10), 0);
    expect(sum).toBe(480);
  }
});
