/** What stands in the address of this page. */
export interface StatusSearch {
  tab?: "quarantine";
}

export function readStatusSearch(search: Record<string, unknown>): StatusSearch {
  return { tab: search.tab === "quarantine" ? "quarantine" : undefined };
}
