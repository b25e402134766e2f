import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import type { EventsSearch } from "./address.ts";

const route = getRouteApi("/");

/** The state of this page, which is its address, and how it is changed: as a step that Back undoes, or in place. */
export function useAddress(): [EventsSearch, (change: Partial<EventsSearch>, replace?: boolean) => void] {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback(
    (part: Partial<EventsSearch>, replace = false) => void navigate({ search: (before: EventsSearch) => ({ ...before, ...part }), replace, resetScroll: false }),
    [navigate],
  );
  return [search, change];
}
