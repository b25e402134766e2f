import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, taken, type Schemas } from "../../api/client.ts";

/** How far the followers were behind, in seconds, at one look. */
export interface Sample {
  at: number;
  lag: ReadonlyMap<string, number>;
}

const most = 120;

/** The state of the server, looked at every 5 seconds, and what was seen of its followers since the page was opened. */
export function useStatus() {
  const asked = useQuery({
    queryKey: ["status"],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/status", { signal })),
    refetchInterval: 5000,
    staleTime: 0,
  });
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  if (asked.data && samples.at(-1)?.at !== asked.dataUpdatedAt) setSamples([...samples, sampleOf(asked.data, asked.dataUpdatedAt)].slice(-most));
  return { ...asked, samples };
}

function sampleOf(status: Schemas["Status"], at: number): Sample {
  return { at, lag: new Map(status.followers.map((f) => [f.name, f.lagSeconds])) };
}

export function useImports() {
  return useQuery({
    queryKey: ["imports"],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/imports", { signal })).imports,
    refetchInterval: 5000,
    retry: false,
  });
}
