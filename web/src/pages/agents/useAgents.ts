import { useQuery } from "@tanstack/react-query";
import { api, taken } from "../../api/client.ts";

const fleet = {
  queryKey: ["agents"],
  queryFn: async ({ signal }: { signal: AbortSignal }) => taken(await api.GET("/api/v1/agents", { signal })),
  refetchInterval: 5000,
};

/** The fleet, looked at again and again: agents report every 10 seconds. */
export function useAgents() {
  return useQuery({ ...fleet, select: (all) => all.agents });
}

/** What no route names, by mapper, with the lines proposed for it. */
export function useUnmapped() {
  return useQuery({ ...fleet, select: (all) => all.unmapped });
}
