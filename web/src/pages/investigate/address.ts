import { readFilter } from "../events/filters.ts";
import { kinds, type Kind, type Subject } from "./subject.ts";

/** What stands in the address of this page: whom or what it is about, under the name of its kind, the time, and filters. */
export interface InvestigateSearch {
  actor?: string;
  key?: string;
  ip?: string;
  resource?: string;
  from?: string;
  to?: string;
  /** Filters, as those of the events. */
  f?: string[];
}

export const defaultFrom = "now-7d";
export const defaultTo = "now";

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

/** Takes what it knows from any address; of several subjects the first. */
export function readInvestigateSearch(search: Record<string, unknown>): InvestigateSearch {
  const kind = kinds.find((k) => text(search[k]) !== undefined);
  const filters = [search.f].flat().filter((f) => typeof f === "string" && readFilter(f) !== null) as string[];
  return {
    ...(kind && { [kind]: text(search[kind]) }),
    from: text(search.from),
    to: text(search.to),
    f: filters.length > 0 ? filters : undefined,
  };
}

export function subjectOf(search: InvestigateSearch): Subject | null {
  const kind = kinds.find((k) => search[k] !== undefined);
  return kind ? { kind, value: search[kind] ?? "" } : null;
}

/** The address of a subject's page, without filters: they were about another one. */
export function addressOf(kind: Kind, value: string, range: { from?: string; to?: string } = {}): InvestigateSearch {
  return { [kind]: value, from: range.from, to: range.to };
}

export function rangeOf(search: InvestigateSearch): { from: string; to: string } {
  return { from: search.from ?? defaultFrom, to: search.to ?? defaultTo };
}
