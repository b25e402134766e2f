import type { Words } from "./dictionary.ts";
import { first } from "./en/first.ts";

let held: Partial<Words> = first;

/** The English that is here. */
export function english(): Partial<Words> {
  return held;
}

/** All of it. The router waits for it before it shows any page but the first. */
export async function wholeEnglish(): Promise<Partial<Words>> {
  const { rest } = await import("./en/rest.ts");
  held = { ...first, ...rest };
  return held;
}
