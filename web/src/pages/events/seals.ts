import { useQuery } from "@tanstack/react-query";
import { api, taken, type Schemas } from "../../api/client.ts";
import { valuesAt, type Event } from "./event.ts";

/** Up to when an archive is sealed: whatever was read before is behind a signed seal, if the trail takes it. */
export interface SealedUntil {
  trail: string;
  until: number; // ms since 1970
}

/** The archive that is sealed furthest, of those that take every event if there is one. asked: when the answer came. */
export function furthest(trails: readonly Schemas["TrailStatus"][], asked: number): SealedUntil | null {
  const sealed = trails.flatMap((t) => {
    if (!t.lastSeal) return [];
    // With batches behind, the oldest of them is no further than that.
    const done = t.lagBatches > 0 ? asked - t.lagSeconds * 1000 : asked;
    return [{ trail: t.name, whole: !t.where, until: Math.min(Date.parse(t.lastSeal), done) }];
  });
  const whole = sealed.filter((s) => s.whole);
  const [best] = (whole.length > 0 ? whole : sealed).sort((a, b) => b.until - a.until);
  return best ? { trail: best.trail, until: best.until } : null;
}

/** Whether the event came after what is sealed. An event without an origin, such as an imported one, did not. */
export function waits(event: Event, sealed: SealedUntil): boolean {
  const read = Date.parse(valuesAt(event, "origin.observedTime")[0] ?? "");
  return read > sealed.until;
}

/** As of the search with this turn: like its events it is of that moment. */
export function useSealed(turn: number): SealedUntil | null {
  const { data } = useQuery({
    queryKey: ["sealed", turn],
    queryFn: async ({ signal }) => furthest(taken(await api.GET("/api/v1/trails", { signal })).trails, Date.now()),
    staleTime: Infinity,
    retry: false, // who may not see the trails sees the events without it
  });
  return data ?? null;
}
