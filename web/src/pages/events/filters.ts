import { condition } from "../../kql/write.ts";

/** A condition that was clicked together: a pill. */
export interface Filter {
  field: string;
  /** null: the field has any value. */
  value: string | null;
  not: boolean;
  off: boolean;
  /** Stays when all others are taken away or a saved search is opened. */
  pinned: boolean;
}

export function include(field: string, value: string | null): Filter {
  return { field, value, not: false, off: false, pinned: false };
}

export function exclude(field: string, value: string | null): Filter {
  return { ...include(field, value), not: true };
}

const flags = { not: "-", off: "~", pinned: "^" } as const;
type Flag = keyof typeof flags;

/** As it stands in an address: flags, the field, and : and the value, or ? for any value. */
export function writeFilter(f: Filter): string {
  const marks = (Object.keys(flags) as Flag[]).map((flag) => (f[flag] ? flags[flag] : "")).join("");
  const field = f.field.replaceAll(/[%:?~^-]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return marks + field + (f.value === null ? "?" : `:${f.value}`);
}

/** Reads it; null when it is none. */
export function readFilter(text: string): Filter | null {
  const m = /^([-~^]*)([^:?]+)(?:\?$|:(.*)$)/s.exec(text);
  if (!m) return null;
  try {
    const marks = m[1] ?? "";
    return { field: decodeURIComponent(m[2] ?? ""), value: m[3] ?? null, not: marks.includes("-"), off: marks.includes("~"), pinned: marks.includes("^") };
  } catch {
    return null; // % and no number
  }
}

/** What it asks. */
export function filterQuery(f: Filter): string {
  return `${f.not ? "not " : ""}${condition(f.field, f.value)}`;
}

const same = (a: Filter, b: Filter) => a.field === b.field && a.value === b.value;

/** Adds one. The same condition with the other sign is turned over, and one that is off is on again. */
export function withFilter(filters: readonly Filter[], added: Filter): Filter[] {
  return filters.some((f) => same(f, added)) ? filters.map((f) => (same(f, added) ? { ...f, not: added.not, off: false } : f)) : [...filters, added];
}
