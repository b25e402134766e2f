/*
 * The API counts characters (code points), JavaScript units of UTF-16: an emoji
 * is one of the first and two of the second.
 */

export function pointsOf(text: string, units: number): number {
  return Array.from(text.slice(0, units)).length;
}

export function unitsOf(text: string, points: number): number {
  return Array.from(text).slice(0, points).join("").length;
}
