/** What stands behind the ? of an address: texts, and lists of texts under a name that is repeated. */
export type Search = Record<string, string | string[]>;

/** Reads it as any web form would be: the router's own way is JSON, which nobody can read or type. */
export function readSearch(text: string): Search {
  const search: Search = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const held = search[name];
    search[name] = held === undefined ? value : [held, value].flat();
  }
  return search;
}

/** Writes it; what is empty is left out. */
export function writeSearch(search: Record<string, unknown>): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const one of [value].flat()) if (typeof one === "string" && one !== "") out.append(name, one);
  }
  // URLSearchParams encodes these as well, which a query string need not, and people read it.
  const text = out.toString().replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%2C", ",").replaceAll("%40", "@");
  return text && `?${text}`;
}
