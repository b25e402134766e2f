import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, taken, type Schemas } from "../../api/client.ts";

/** How often one looks while a check runs, in milliseconds. */
const often = 1000;

/** The last check of each archive of a trail, followed while it runs, and how one is begun. */
export function useVerifications(trail: string) {
  const queries = useQueryClient();
  const key = ["verifications", trail];
  const params = { path: { name: trail } };
  const asked = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/trails/{name}/verify", { params, signal })).verifications,
    refetchInterval: (query) => (query.state.data?.some((v) => v.state === "running") ? often : false),
  });
  const begin = useMutation({
    mutationFn: async () => taken(await api.POST("/api/v1/trails/{name}/verify", { params, headers: { "Content-Type": "application/json" } })).verifications,
    onSuccess: (data: Schemas["Verification"][]) => queries.setQueryData(key, data),
  });
  return { asked, begin, running: asked.data?.some((v) => v.state === "running") ?? false };
}
