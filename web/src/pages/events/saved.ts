import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, taken, type Schemas } from "../../api/client.ts";
import { writeSearch } from "../../app/search.ts";
import { useStored } from "../../settings/useStored.ts";
import { filtersOf, queryOf, readEventsSearch, withFilters, type EventsSearch } from "./address.ts";

/** A search under a name: of this browser alone, or of the server and so of everybody. */
export interface Saved {
  name: string;
  search: EventsSearch;
  shared: boolean;
}

type Kept = Record<string, EventsSearch>;

const isKept = (value: unknown): value is Kept => typeof value === "object" && value !== null && !Array.isArray(value);
const none: Kept = {};

/** What of a search on screen is kept: not the event that is open. */
function kept(search: EventsSearch): EventsSearch {
  return { ...search, event: undefined, view: undefined };
}

/** A search of the server as this page has it; of one that another client made, what the API itself knows. */
function opened(s: Schemas["SavedSearch"]): EventsSearch {
  const view = s.view as { console?: Record<string, unknown> } | undefined;
  if (view?.console) return readEventsSearch(view.console);
  return { q: s.query || undefined, from: s.from, to: s.to, reads: "1", sort: s.sort === "asc" ? "asc" : undefined, cols: s.fields?.join(",") };
}

/** Filters that are pinned stay when a saved search is opened. */
export function withPinned(next: EventsSearch, now: EventsSearch): EventsSearch {
  const filters = filtersOf(next);
  const pinned = filtersOf(now).filter((f) => f.pinned && !filters.some((g) => g.field === f.field && g.value === f.value));
  return { ...next, ...withFilters([...filters, ...pinned]) };
}

export function useSaved() {
  const client = useQueryClient();
  const [mine, keep] = useStored<Kept>("events.saved", none, isKept);
  const { data } = useQuery({ queryKey: ["searches"], queryFn: async ({ signal }) => taken(await api.GET("/api/v1/searches", { signal })) });
  const all: Saved[] = [
    ...Object.entries(mine).map(([name, search]) => ({ name, search: readEventsSearch(search as Record<string, unknown>), shared: false })),
    ...(data?.searches ?? []).map((s) => ({ name: s.name ?? "", search: opened(s), shared: true })),
  ];
  const changed = { onSuccess: () => client.invalidateQueries({ queryKey: ["searches"] }) };
  const save = useMutation({
    ...changed,
    mutationFn: async ({ name, search, shared }: Saved) => {
      const state = kept(search);
      if (!shared) return keep({ ...mine, [name]: state });
      // The query is whole for other clients; the view is what this page opens.
      const body = { name, query: queryOf(state), from: state.from, to: state.to, sort: state.sort, view: { console: { ...state } } };
      await api.PUT("/api/v1/searches/{name}", { params: { path: { name } }, body });
    },
  });
  const forget = useMutation({
    ...changed,
    mutationFn: async ({ name, shared }: Saved) => {
      if (shared) await api.DELETE("/api/v1/searches/{name}", { params: { path: { name } }, headers: { "Content-Type": "application/json" } });
      else keep(Object.fromEntries(Object.entries(mine).filter(([n]) => n !== name)));
    },
  });
  return { all, save, forget };
}

/** The address of a search as it is on screen: with its columns, as whoever opens it may keep others. */
export function addressOf(search: EventsSearch, columns: readonly string[]): string {
  return `/${writeSearch({ ...kept(search), cols: columns.join(",") })}`;
}
