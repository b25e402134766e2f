import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";

// How many there are of each; README.md has the table. Those with much data have a run of their own.
const wanted = { "must-have": 17, complaint: 19 };
const elsewhere = { "must-have": [] as number[], complaint: [1, 16] };

/** The numbers that names of flows begin with: "must-have 9, complaint 5: …". */
function numbered(text: string, kind: keyof typeof wanted): Set<number> {
  const found = new Set<number>();
  for (const [, head = ""] of text.matchAll(/(?:flow|test|\))\(\s*["`]([^"`]*?): /g)) {
    for (const part of head.matchAll(/(must-have|complaint) (\d+(?:, \d+)*)/g)) {
      if (part[1] === kind) for (const n of (part[2] ?? "").split(", ")) found.add(Number(n));
    }
  }
  return found;
}

test.each(Object.keys(wanted) as (keyof typeof wanted)[])("each %s has a flow that is named after it", async (kind) => {
  const files = (await readdir(import.meta.dirname)).filter((name) => name.endsWith(".test.ts"));
  const texts = await Promise.all(files.map((name) => readFile(`${import.meta.dirname}/${name}`, "utf8")));
  const found = numbered(texts.join("\n"), kind);
  expect(Array.from({ length: wanted[kind] }, (_, i) => i + 1).filter((n) => !found.has(n) && !elsewhere[kind].includes(n))).toEqual([]);
});
