import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { allOf } from "../../kql/write.ts";
import { filterQuery, include, readFilter, withFilter, writeFilter, type Filter } from "../events/filters.ts";
import { addressOf, rangeOf, subjectOf, type InvestigateSearch } from "./address.ts";
import { queryOf, type Kind } from "./subject.ts";

const route = getRouteApi("/investigate");

/** What this page is about, which is its address, and how it is changed; each change is a step that Back undoes. */
export function useInvestigation() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback((part: Partial<InvestigateSearch>) => void navigate({ search: (before: InvestigateSearch) => ({ ...before, ...part }), resetScroll: false }), [navigate]);
  const open = useCallback((kind: Kind, value: string) => void navigate({ search: (before: InvestigateSearch) => addressOf(kind, value, before) }), [navigate]);
  return useMemo(() => {
    const subject = subjectOf(search);
    const filters = (search.f ?? []).flatMap((f) => readFilter(f) ?? []);
    const range = rangeOf(search);
    const set = (next: readonly Filter[]) => change({ f: next.length > 0 ? next.map(writeFilter) : undefined });
    return {
      search,
      subject,
      range,
      filters,
      /** All that is shown of the subject. */
      query: allOf([subject ? queryOf(subject) : "", ...filters.map(filterQuery)]),
      change,
      open,
      filter: (field: string, value: string | null) => set(withFilter(filters, include(field, value))),
      unfilter: (gone: Filter) => set(filters.filter((f) => f !== gone)),
    };
  }, [search, change, open]);
}
