import { getRouteApi } from "@tanstack/react-router";
import { useCallback } from "react";
import type { EventsSearch } from "./address.ts";

const route = getRouteApi("/");

/** How the address is changed: as a step that Back undoes, or in place. */
export type Change = (change: Partial<EventsSearch>, replace?: boolean) => void;

function useChange(): Change {
  const navigate = route.useNavigate();
  return useCallback((part, replace = false) => void navigate({ search: (before: EventsSearch) => ({ ...before, ...part }), replace, resetScroll: false }), [navigate]);
}

const question = (search: EventsSearch): EventsSearch => ({ ...search, event: undefined });

/**
 * The state of this page, which is its address, but for the event that is open: that changes at each
 * step through the list, at which nothing else is to be drawn anew.
 */
export function useAddress(): [EventsSearch, Change] {
  return [route.useSearch({ select: question, structuralSharing: true }), useChange()];
}

/** The event that is open, and how another one is, or none. */
export function useOpened(): [string | undefined, (id: string | undefined) => void] {
  const change = useChange();
  return [route.useSearch({ select: (search) => search.event }), useCallback((id) => change({ event: id }, true), [change])];
}
