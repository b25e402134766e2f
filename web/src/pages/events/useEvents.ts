import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, taken, type Schemas } from "../../api/client.ts";
import { queryOf, rangeOf, type EventsSearch } from "./address.ts";
import type { Event } from "./event.ts";

const pageSize = 200;

type Page = Omit<Schemas["EventPage"], "events"> & { events: Event[] };

/**
 * The events of a search, page by page, each behind the last of the page before:
 * what comes meanwhile moves nothing. Only the first page counts all that match.
 */
export function useEvents(search: EventsSearch, turn: number) {
  const query = queryOf(search);
  const range = rangeOf(search);
  const { sort } = search;
  return useInfiniteQuery({
    queryKey: ["events", query, range, sort, turn],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const asked = { query, sort, limit: pageSize, ...(pageParam ? { cursor: pageParam, count: false } : range) };
      return taken(await api.GET("/api/v1/events", { params: { query: asked }, headers: { Accept: "application/json" }, signal })) as Page;
    },
    getNextPageParam: (page) => page.cursor,
    placeholderData: keepPreviousData,
    staleTime: Infinity, // a search is of its moment; whoever wants another searches again
  });
}

/** Counts over the whole range, not over the page. Without `by` what failed is told apart. */
export function useHistogram(search: EventsSearch, turn: number, wanted: boolean) {
  const query = queryOf(search);
  const range = rangeOf(search);
  const { by } = search;
  return useQuery({
    queryKey: ["histogram", query, range, by, turn],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/histogram", { params: { query: { query, ...range, by, buckets: 100 } }, signal })),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    enabled: wanted,
  });
}

/** One event, also one that the search does not find. */
export function useEvent(id: string | undefined, known: Event | undefined) {
  return useQuery({
    queryKey: ["event", id],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/events/{eventId}", { params: { path: { eventId: id ?? "" } }, signal })) as Event,
    initialData: known,
    enabled: id !== undefined,
    staleTime: Infinity,
  });
}
