import { renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { useFormat } from "./useFormat.ts";

test("all that show times share one format: a table has hundreds of cells", () => {
  const one = renderHook(() => useFormat());
  const other = renderHook(() => useFormat());
  expect(other.result.current).toBe(one.result.current);
});
