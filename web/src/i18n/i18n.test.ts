import { expect, test } from "vitest";
import { first, firstParts } from "./en/first.ts";
import { rest, restParts } from "./en/rest.ts";
import { wholeEnglish } from "./english.ts";
import { isLanguage, languages, preferred } from "./language.ts";
import { fill, translator } from "./translate.ts";

const english = { ...first, ...rest };

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

test.each(Object.keys(languages).filter(isLanguage))("%s has every text, with the same places for values", async (name) => {
  await wholeEnglish();
  const words: Record<string, string> = (await languages[name].load())();
  expect(Object.keys(words).sort()).toEqual(Object.keys(english).sort());
  for (const [key, text] of Object.entries(english)) {
    expect(words[key]?.trim(), key).toBeTruthy();
    expect(places(words[key] ?? ""), key).toEqual(places(text));
  }
});

test("what is left in English in another language is a name", async () => {
  const same: string[] = [];
  for (const words of [(await languages["zh-CN"].load())(), (await languages["zh-TW"].load())()]) {
    for (const [key, text] of Object.entries(english)) {
      if (words[key as keyof typeof english] === text && /[a-z]{3}/.test(text.replaceAll(/\{\w+\}/g, ""))) same.push(key);
    }
  }
  expect(same).toEqual([]);
});

test("parts do not take each other's names", () => {
  const all = Object.values({ ...firstParts, ...restParts }).flatMap((part) => Object.keys(part));
  expect(all.length).toBe(new Set(all).size);
});

test("a text that is not there yet shows its name, and itself once it came", async () => {
  const words: { held: Record<string, string> } = { held: {} };
  const t = translator(() => words.held);
  expect(t("close")).toBe("close");
  words.held = { close: "Close" };
  expect(t("close")).toBe("Close");
});

test("what is on the first page, or around every page, needs no text that comes later", () => {
  const sources = import.meta.glob<string>(["../app/*.{ts,tsx}", "../ui/*.tsx", "../time/*.{ts,tsx}", "../pages/events/*.{ts,tsx}", "../pages/investigate/Subject{Link,}.ts*"], { query: "?raw", import: "default", eager: true });
  const early = Object.entries(sources).flatMap(([file, text]) => Object.keys(rest).flatMap((key) => (text.includes(`"${key}"`) ? [`${file}: ${key}`] : [])));
  expect(Object.keys(sources).length).toBeGreaterThan(50);
  expect(early).toEqual([]);
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

test("a figure has the word that goes with it", () => {
  const text = "{n} {n:seal|seals} of {all:one log|many logs}";
  expect(fill(text, { n: 1, all: "1,001" })).toBe("1 seal of many logs");
  expect(fill(text, { n: "1", all: 1 })).toBe("1 seal of one log");
  expect(fill(text, { n: 0 })).toBe("0 seals of {all:one log|many logs}");
});

// Rates (events/s) stay as they are.
test("no English figure stands before a word that is right for many only", () => {
  const wrong = Object.entries(english).filter(([key, text]) => /\{\w+\} (events|batches|seals|objects|problems|fields|requests|records)\b(?!\/s)/.test(text) && !key.endsWith("planMatches"));
  expect(wrong).toEqual([]);
});

test("what a figure goes with is one of the values of its text", () => {
  for (const [key, text] of Object.entries(english)) {
    for (const [, name] of text.matchAll(/\{(\w+):[^}]*\}/g)) expect(places(text), key).toContain(name);
  }
});
