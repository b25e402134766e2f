import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, taken, type Schemas } from "../../api/client.ts";

type Entry = Schemas["QuarantineEntry"];

/** What came of taking one in again. */
export type Answer = { entry: Entry } | { error: unknown };

export function useQuarantine() {
  return useQuery({
    queryKey: ["quarantine"],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/quarantine", { params: { query: { limit: 1000 } }, signal })),
    refetchInterval: 15_000,
  });
}

/** Takes entries in again, one after the other, and holds what came of each. */
export function useRetry() {
  const queries = useQueryClient();
  const [answers, setAnswers] = useState<ReadonlyMap<string, Answer>>(new Map());
  const run = useMutation({
    mutationFn: async (ids: readonly string[]) => {
      for (const id of ids) {
        const answer = await retry(id);
        setAnswers((before) => new Map(before).set(id, answer));
      }
      await queries.invalidateQueries({ queryKey: ["quarantine"] });
    },
  });
  return { answers, pending: run.isPending, retry: (ids: readonly string[]) => run.mutate(ids) };
}

async function retry(entry: string): Promise<Answer> {
  try {
    return { entry: taken(await api.POST("/api/v1/quarantine/{entry}/retry", { params: { path: { entry } }, headers: { "Content-Type": "application/json" } })) };
  } catch (error) {
    return { error };
  }
}
