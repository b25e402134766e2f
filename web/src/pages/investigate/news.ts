import { useMemo } from "react";
import { useValues, type Asked, type Range } from "./asking.ts";

/** As many as the API gives at once: a place that is not among them was there so seldom that it may count as new. */
const known = 1000;

/**
 * Which values of a field were not there in the period before. Nothing is new where
 * that period has nothing at all: it is older than what the index holds, or than the
 * subject itself, and then all would be.
 */
export function useNew(field: string, asked: Asked | null, past: Range | undefined) {
  const old = useValues(field, asked && past ? { query: asked.query, range: past } : null, known);
  const values = old.data?.values;
  const seen = useMemo(() => new Set(values?.map((v) => v.value)), [values]);
  const compared = seen.size > 0 && !old.isPlaceholderData;
  return { compared, ready: !old.isPending && !old.isPlaceholderData, isNew: (value: string) => compared && !seen.has(value) };
}
