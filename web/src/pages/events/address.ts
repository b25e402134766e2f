import { allOf } from "../../kql/write.ts";
import { filterQuery, readFilter, writeFilter, type Filter } from "./filters.ts";

/** What stands in the address of this page: all that is seen can be sent to somebody. */
export interface EventsSearch {
  /** KQL. */
  q?: string;
  from?: string;
  to?: string;
  /** Filters, as writeFilter has them. */
  f?: string[];
  /** "1": also what only reads. */
  reads?: string;
  /** By what the histogram is broken down. */
  by?: string;
  /** Columns, joined by commas; absent those that this browser keeps. */
  cols?: string;
  sort?: "asc";
  /** The event that is open. */
  event?: string;
  view?: "tail";
}

export const defaultFrom = "now-24h";
export const defaultTo = "now";

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

/** Takes what it knows from any address. */
export function readEventsSearch(search: Record<string, unknown>): EventsSearch {
  const filters = [search.f].flat().filter((f) => typeof f === "string");
  return {
    q: text(search.q),
    from: text(search.from),
    to: text(search.to),
    f: filters.length > 0 ? filters : undefined,
    reads: search.reads === "1" ? "1" : undefined,
    by: text(search.by),
    cols: text(search.cols),
    sort: search.sort === "asc" ? "asc" : undefined,
    event: text(search.event),
    view: search.view === "tail" ? "tail" : undefined,
  };
}

export function filtersOf(search: EventsSearch): Filter[] {
  return (search.f ?? []).flatMap((f) => readFilter(f) ?? []);
}

export function withFilters(filters: readonly Filter[]): Pick<EventsSearch, "f"> {
  return { f: filters.length > 0 ? filters.map(writeFilter) : undefined };
}

/** The whole query: what is typed, the pills, and writes alone unless reads are wanted. */
export function queryOf(search: EventsSearch): string {
  const filters = filtersOf(search).filter((f) => !f.off);
  return allOf([search.q ?? "", search.reads ? "" : "eventRW: Write", ...filters.map(filterQuery)]);
}

export function rangeOf(search: EventsSearch): { from: string; to: string } {
  return { from: search.from ?? defaultFrom, to: search.to ?? defaultTo };
}
