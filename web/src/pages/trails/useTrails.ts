import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, taken, type Schemas } from "../../api/client.ts";

const key = ["trails"];

/** All trails, looked at again and again: figures move. */
export function useTrails() {
  return useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/trails", { signal })).trails,
    refetchInterval: 5000,
  });
}

/** The block of a trail as a configuration has it. */
export function useTrailText(name: string | undefined) {
  return useQuery({
    queryKey: ["trailText", name],
    queryFn: async ({ signal }) => {
      const answer = await api.GET("/api/v1/trails/{name}", { params: { path: { name: name ?? "" }, query: { format: "hcl" } }, parseAs: "text", signal });
      return String(taken(answer)).trimEnd();
    },
    enabled: name !== undefined,
    staleTime: 0,
  });
}

const headers = { "Content-Type": "application/json" };

/** What is done to a trail. What is shown of all is asked anew after it; `done` comes before that, as what asked may be gone with its trail then. */
export function useTrailCall<T>(call: (wanted: T) => Promise<unknown>, done?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: call,
    onSuccess: async () => {
      done?.();
      await queries.invalidateQueries({ queryKey: key });
      await queries.invalidateQueries({ queryKey: ["trailText"] });
    },
  });
}

export const startTrail = (name: string) => api.POST("/api/v1/trails/{name}/start", { params: { path: { name } }, headers });
export const stopTrail = (name: string) => api.POST("/api/v1/trails/{name}/stop", { params: { path: { name } }, headers });
export const renotifyTrail = (name: string) => api.POST("/api/v1/trails/{name}/renotify", { params: { path: { name } }, headers });
export const deleteTrail = (name: string) => api.DELETE("/api/v1/trails/{name}", { params: { path: { name } }, headers });
export const backfillTrail = (wanted: { name: string; body: Schemas["BackfillRequest"] }) =>
  api.POST("/api/v1/trails/{name}/backfill", { params: { path: { name: wanted.name } }, body: wanted.body });

const hcl = { "Content-Type": "application/hcl" };
const asIs = (body: unknown) => String(body);

/** Makes the trail of a block, which must not be there, or changes the one of that name. */
export const saveTrail = (wanted: { text: string; name?: string }) =>
  wanted.name === undefined
    ? api.POST("/api/v1/trails", { body: wanted.text as never, headers: hcl, bodySerializer: asIs })
    : api.PUT("/api/v1/trails/{name}", { params: { path: { name: wanted.name } }, body: wanted.text as never, headers: hcl, bodySerializer: asIs });

export const planTrail = async (text: string) => taken(await api.POST("/api/v1/trails/plan", { body: { trails: [], hcl: text } }));
