/** What stands in the address of this page. */
export interface AgentsSearch {
  /** The agent that is open, and its account. */
  agent?: string;
  account?: string;
}

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

export function readAgentsSearch(search: Record<string, unknown>): AgentsSearch {
  return { agent: text(search.agent), account: text(search.account) };
}
