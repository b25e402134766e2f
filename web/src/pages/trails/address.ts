/** What stands in the address of this page. */
export interface TrailsSearch {
  /** The trail that is open. */
  trail?: string;
  /** "new": a trail is being made; "edit": the one that is open is changed. */
  form?: "new" | "edit";
}

export function readTrailsSearch(search: Record<string, unknown>): TrailsSearch {
  return {
    trail: typeof search.trail === "string" && search.trail !== "" ? search.trail : undefined,
    form: search.form === "new" || search.form === "edit" ? search.form : undefined,
  };
}
