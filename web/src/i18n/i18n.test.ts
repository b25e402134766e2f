import { expect, test } from "vitest";
import { words as english } from "./en/index.ts";
import { isLanguage, languages, preferred } from "./language.ts";
import { fill } from "./translate.ts";

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

test.each(Object.keys(languages).filter(isLanguage))("%s has every text, with the same places for values", async (name) => {
  const words: Record<string, string> = await languages[name].load();
  expect(Object.keys(words).sort()).toEqual(Object.keys(english).sort());
  for (const [key, text] of Object.entries(english)) {
    expect(words[key]?.trim(), key).toBeTruthy();
    expect(places(words[key] ?? ""), key).toEqual(places(text));
  }
});

test("what is left in English in another language is a name", async () => {
  const same: string[] = [];
  for (const words of [await languages["zh-CN"].load(), await languages["zh-TW"].load()]) {
    for (const [key, text] of Object.entries(english)) {
      if (words[key as keyof typeof english] === text && /[a-z]{3}/.test(text.replaceAll(/\{\w+\}/g, ""))) same.push(key);
    }
  }
  expect(same).toEqual([]);
});

test("parts do not take each other's names", async () => {
  const { parts } = await import("./en/index.ts");
  const all = Object.values(parts).flatMap((part) => Object.keys(part));
  expect(all.length).toBe(new Set(all).size);
});

test("the browser's language is understood", () => {
  expect(preferred(["de", "zh-Hant-HK", "en"])).toBe("zh-TW");
  expect(preferred(["zh"])).toBe("zh-CN");
  expect(preferred(["zh-SG", "zh-TW"])).toBe("zh-CN");
  expect(preferred(["fr"])).toBe("en");
});

test("values are put in their places", () => {
  expect(fill("{n} of {all}, {n}", { n: 1, all: "$&" })).toBe("1 of $&, 1");
  expect(fill("{n} of {all}", { n: 0 })).toBe("0 of {all}");
});
