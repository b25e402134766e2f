import { expect, test } from "vitest";
import { standing } from "./standing.ts";

test.each([
  [{ seals: 3 }, "current"],
  [{ seals: 2 }, "behind"],
  [{ seals: 0 }, "none"],
  [{ seals: 2, lastError: "no route" }, "failing"],
  [{ seals: 3, lastError: "no route", conflict: "another root" }, "conflict"],
] as const)("%j of 3 seals is %s", (witness, want) => expect(standing(witness, 3)).toBe(want));
