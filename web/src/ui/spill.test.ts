import { expect, test } from "vitest";
import { spill } from "./spill.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

// In a browser the flows of exports write to disk; here there is no such place.
test("where nothing can be kept on disk the parts become one file, in order", async () => {
  const file = await spill();
  await file.add([bytes("a,b\n"), bytes("1,")]);
  await file.add([bytes("2\n")]);
  expect(await (await file.finish()).text()).toBe("a,b\n1,2\n");
});

test("what is given up is gone", async () => {
  const file = await spill();
  await file.add([bytes("a")]);
  await file.drop();
  expect((await file.finish()).size).toBe(0);
});
