import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, taken, type Schemas } from "../../api/client.ts";
import type { Event } from "../events/event.ts";

export interface Range {
  from: string;
  to: string;
}

/** A search. */
export interface Asked {
  query: string;
  range: Range;
}

export type Page = Omit<Schemas["EventPage"], "events"> & { events: Event[] };

/** The most frequent values of a field among the events of a search. */
export function useValues(field: string, asked: Asked | null, limit = 10) {
  return useQuery({
    queryKey: ["values", field, asked?.query, asked?.range, limit],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/fields/{field}/values", { params: { path: { field }, query: { query: asked?.query, ...asked?.range, limit } }, signal })),
    placeholderData: keepPreviousData,
    enabled: asked !== null,
  });
}

/** How many there are over time, and how many of them failed. */
export function useHistogram({ query, range }: Asked) {
  return useQuery({
    queryKey: ["histogram", query, range],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/histogram", { params: { query: { query, ...range, buckets: 100 } }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** The first event of a search, or the last. */
export function useEdge({ query, range }: Asked, sort: "asc" | "desc") {
  return useQuery({
    queryKey: ["edge", query, range, sort],
    queryFn: async ({ signal }) => {
      const asked = { query, ...range, sort, limit: 1, count: false, fields: "eventId,eventTime" };
      const page = taken(await api.GET("/api/v1/events", { params: { query: asked }, headers: { Accept: "application/json" }, signal })) as Page;
      return page.events[0] ?? null;
    },
    placeholderData: keepPreviousData,
  });
}

/** How many events a search finds. */
export function useTotal(asked: Asked | null) {
  return useQuery({
    queryKey: ["total", asked?.query, asked?.range],
    queryFn: async ({ signal }) => {
      const page = taken(await api.GET("/api/v1/events", { params: { query: { query: asked?.query, ...asked?.range, limit: 0 } }, headers: { Accept: "application/json" }, signal })) as Page;
      return page.total;
    },
    placeholderData: keepPreviousData,
    enabled: asked !== null,
  });
}

/** The events of a search, newest first, page by page. */
export function usePages({ query, range }: Asked, limit: number) {
  return useInfiniteQuery({
    queryKey: ["pages", query, range, limit],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const asked = { query, limit, ...(pageParam ? { cursor: pageParam, count: false } : range) };
      return taken(await api.GET("/api/v1/events", { params: { query: asked }, headers: { Accept: "application/json" }, signal })) as Page;
    },
    getNextPageParam: (page) => page.cursor,
    placeholderData: keepPreviousData,
  });
}

/** The period right before one, as long as it. */
export function before(from: string, to: string): Range {
  const begin = Date.parse(from);
  return { from: new Date(begin - (Date.parse(to) - begin)).toISOString(), to: from };
}
