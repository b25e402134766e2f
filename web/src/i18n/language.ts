import type { Words } from "./dictionary.ts";
import { english } from "./english.ts";

/** The languages, each under its own name, and what loads its words. English comes with the first load, in part; the others when they are wanted. */
export const languages = {
  en: { name: "English", load: async () => english },
  "zh-CN": { name: "简体中文", load: async () => fixed((await import("./zh-CN/index.ts")).words) },
  "zh-TW": { name: "繁體中文", load: async () => fixed((await import("./zh-TW/index.ts")).words) },
} as const;

function fixed(words: Words): () => Words {
  return () => words;
}

export type Language = keyof typeof languages;

export function isLanguage(text: unknown): text is Language {
  return typeof text === "string" && Object.hasOwn(languages, text);
}

/** The first language of the browser's that we have. */
export function preferred(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const name = tag.toLowerCase();
    if (name.startsWith("zh")) return /hant|-tw|-hk|-mo/.test(name) ? "zh-TW" : "zh-CN";
    if (name.startsWith("en")) return "en";
  }
  return "en";
}
