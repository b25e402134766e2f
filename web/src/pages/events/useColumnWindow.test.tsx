import { act, renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { useColumnWindow } from "./useColumnWindow.ts";

const few = ["time", "action", "a"];
const sixty = Array.from({ length: 60 }, (_, i) => `c${i}`); // of 180 pixels each

function shown(columns: readonly string[], held: string | null = null) {
  const box = { current: document.createElement("div") };
  const { result } = renderHook(() => useColumnWindow(box, columns, 900, false, held));
  const scroll = (left: number) =>
    act(() => {
      Object.defineProperty(box.current, "scrollLeft", { value: left, configurable: true });
      box.current.dispatchEvent(new Event("scroll"));
    });
  return { scroll, indices: () => result.current.drawn.map((d) => d.index), result };
}

test("few columns are all drawn, and share the room that is left", () => {
  const { indices, result } = shown(few);
  expect(indices()).toEqual([0, 1, 2]);
  expect(result.current.template).toContain("fr");
});

test("of many those in sight, the first, and the neighbours of the one that is held", () => {
  const { scroll, indices, result } = shown(sixty, "c40");
  expect(indices().slice(0, 3)).toEqual([0, 1, 2]);
  expect(indices().length).toBeLessThan(14);
  expect(indices().slice(-3)).toEqual([39, 40, 41]);
  const { width } = result.current;
  scroll(60 * 180);
  expect(indices()[0]).toBe(0);
  expect(indices().at(-1)).toBe(59);
  expect(indices()).toContain(40);
  expect(indices()).not.toContain(20);
  expect(result.current.width).toBe(width);
});
