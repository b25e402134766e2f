import type { first, firstParts } from "./en/first.ts";
import type { rest, restParts } from "./en/rest.ts";

type Parts = typeof firstParts & typeof restParts;

/** Names of all texts. */
export type Key = keyof typeof first | keyof typeof rest;

/** A language in full. English is what the others are held against, in parts so that each page has its own. */
export type Words = Readonly<Record<Key, string>>;

/** One part of a language, such as that of a page: the compiler names a text that is missing. */
export type Part<Name extends keyof Parts> = Readonly<Record<keyof Parts[Name], string>>;
