import type { Key, Words } from "./dictionary.ts";

/** What stands in for {name} in a text. */
export type Values = Readonly<Record<string, string | number>>;

/** Gives the text of a name in the language that is shown. */
export type Translate = (key: Key, values?: Values) => string;

/**
 * Puts values in the places of a text. A place without a value stays visible, so
 * that it is noticed. {n:event|events} is the word that goes with the figure n, for
 * one and for any other; n may be written for people already.
 */
export function fill(text: string, values: Values = {}): string {
  return text.replaceAll(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, other?: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    if (one === undefined || other === undefined) return String(value);
    return String(value) === "1" ? one : other;
  });
}

/** Speaks a language. It is asked for its words each time: English comes in two parts. A text that is not there shows its name. */
export function translator(words: () => Partial<Words>): Translate {
  return (key, values) => fill(words()[key] ?? key, values);
}
