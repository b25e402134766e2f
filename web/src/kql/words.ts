/**
 * What a query looks for, as far as a glance can tell: its values, without names
 * of fields, operators and what is behind `not`. For marking matches, no more.
 */
export function wordsOf(query: string): string[] {
  const words: string[] = [];
  let negated = false;
  for (const m of query.matchAll(/"((?:[^"\\]|\\.)*)"(\s*[:<>])?|([^\s():<>"{}]+)(\s*[:<>]=?)?/g)) {
    const field = m[2] ?? m[4];
    if (field) continue;
    const bare = m[3];
    if (bare && /^(and|or)$/i.test(bare)) negated = false;
    else if (bare && /^not$/i.test(bare)) negated = true;
    else if (!negated) {
      const text = m[1] === undefined ? (bare ?? "") : m[1].replaceAll(/\\(.)/g, "$1");
      words.push(...text.split("*").filter((w) => w.length > 1));
    }
  }
  return [...new Set(words)];
}
