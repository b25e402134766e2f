import { useCallback } from "react";
import { filtersOf, withFilters } from "./address.ts";
import { withFilter, type Filter } from "./filters.ts";
import { useAddress } from "./useAddress.ts";

/** Adds a filter to the search on screen. */
export function useFilter(): (filter: Filter) => void {
  const [search, change] = useAddress();
  return useCallback((filter: Filter) => change(withFilters(withFilter(filtersOf(search), filter))), [search, change]);
}
