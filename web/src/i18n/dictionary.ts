import type { parts, words } from "./en/index.ts";

/** Names of all texts. */
export type Key = keyof typeof words;

/** A language in full. */
export type Words = Readonly<Record<Key, string>>;

/** One part of a language, such as that of a page: the compiler names a text that is missing. */
export type Part<Name extends keyof typeof parts> = Readonly<Record<keyof (typeof parts)[Name], string>>;
