import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, taken } from "../../api/client.ts";
import { queryOf, rangeOf, type EventsSearch } from "./address.ts";

/** The fields there are, and how many events of the search have each. */
export function useFields(search: EventsSearch, turn: number) {
  const query = queryOf(search);
  const range = rangeOf(search);
  return useQuery({
    queryKey: ["fields", query, range, turn],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/fields", { params: { query: { query, ...range } }, signal })),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
}
