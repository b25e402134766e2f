/** Writes pieces of queries; docs/format/query.md says what needs a quote. */

const escapes: Record<string, string> = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A text that stands for itself, whatever is in it. */
export function quoted(text: string): string {
  return `"${text.replaceAll(/[\\"\n\r\t]/g, (c) => escapes[c] ?? c)}"`;
}

/** The name of a field or leaf. */
export function fieldName(name: string): string {
  return /^[\w.@-]+$/.test(name) && !/^(and|or|not)$/i.test(name) ? name : quoted(name);
}

/** field: "value"; without a value, that the field has any. */
export function condition(field: string, value: string | null): string {
  return `${fieldName(field)}: ${value === null ? "*" : quoted(value)}`;
}

/** All of the conditions; those that are empty do not count. What a person wrote keeps its own meaning in parentheses. */
export function allOf(parts: readonly string[]): string {
  const some = parts.map((p) => p.trim()).filter(Boolean);
  if (some.length < 2) return some[0] ?? "";
  return some.map((p) => (/^(not )?[\w.@-]+: (\*|"(?:[^"\\]|\\.)*"|\w+)$/.test(p) ? p : `(${p})`)).join(" and ");
}
