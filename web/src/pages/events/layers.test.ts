import { expect, test } from "vitest";
import { stack } from "./layers.ts";

const names = { ok: "ok", failed: "failed", other: "others" };
const data = { from: "", to: "", interval: "1m", intervalSeconds: 60, total: 5, tookMs: 0, buckets: [{ start: "", count: 3, errors: 1 }, { start: "", count: 2, errors: 0 }] };

test("what failed stands at the bottom, the whole behind it", () => {
  expect(stack(data, names).map((l) => [l.name, l.counts, l.tops])).toEqual([
    ["ok", [2, 2], [3, 2]],
    ["failed", [1, 0], [1, 0]],
  ]);
});

test("a break-down adds up", () => {
  const layers = stack({ ...data, series: [{ value: "a", count: 3, counts: [2, 1] }, { value: "b", count: 1, counts: [1, 0] }], other: [0, 1] }, names);
  expect(layers.map((l) => l.name)).toEqual(["others", "b", "a"]);
  expect(layers[0]?.tops).toEqual([3, 2]);
});
