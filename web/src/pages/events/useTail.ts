import { useCallback, useEffect, useReducer } from "react";
import { call, type Schemas } from "../../api/client.ts";
import { Problem } from "../../api/problem.ts";
import type { Event } from "./event.ts";
import { reader } from "./sse.ts";

/** So many are kept; older ones are found by a search. */
const most = 1000;

interface Tail {
  shown: Event[];
  /** Came while it was paused, the newest first. */
  waiting: Event[];
  came: number;
  paused: boolean;
  missed: Schemas["TailMissed"] | null;
  /** Why nothing comes now. */
  lost: unknown;
}

type Step = { come: Event[] } | { lost: unknown } | { missed: Schemas["TailMissed"] } | "pause" | "clear" | "restart";

const start: Tail = { shown: [], waiting: [], came: 0, paused: false, missed: null, lost: null };

function step(tail: Tail, next: Step): Tail {
  if (next === "restart") return { ...start, paused: tail.paused };
  if (next === "clear") return { ...tail, shown: [], waiting: [], missed: null };
  if (next === "pause") return tail.paused ? { ...tail, paused: false, shown: [...tail.waiting, ...tail.shown].slice(0, most), waiting: [] } : { ...tail, paused: true };
  if ("lost" in next) return { ...tail, lost: next.lost };
  if ("missed" in next) return { ...tail, missed: next.missed };
  const came = tail.came + next.come.length;
  return tail.paused ? { ...tail, came, waiting: [...next.come, ...tail.waiting].slice(0, most) } : { ...tail, came, shown: [...next.come, ...tail.shown].slice(0, most) };
}

/** Events that match a query as they come. A stream that breaks off is taken up again where it was. */
export function useTail(query: string) {
  const [tail, go] = useReducer(step, start);
  useEffect(() => {
    const stop = new AbortController();
    go("restart");
    void follow(query, stop.signal, go);
    return () => stop.abort();
  }, [query]);
  return { ...tail, pause: useCallback(() => go("pause"), []), clear: useCallback(() => go("clear"), []) };
}

async function follow(query: string, signal: AbortSignal, go: (step: Step) => void): Promise<void> {
  let place = "";
  let wait = 500;
  while (!signal.aborted) {
    try {
      const headers: HeadersInit = place ? { "Last-Event-ID": place } : {};
      const answer = await call(new Request(`/api/v1/tail?${new URLSearchParams({ query })}`, { headers, signal }));
      go({ lost: null });
      wait = 500;
      const read = reader();
      const decode = new TextDecoder();
      for await (const chunk of answer.body ?? []) {
        const come: Event[] = [];
        for (const sent of read(decode.decode(chunk, { stream: true }))) {
          place = sent.id ?? place;
          if (sent.name === "event") come.unshift(JSON.parse(sent.data) as Event);
          if (sent.name === "missed") go({ missed: JSON.parse(sent.data) as Schemas["TailMissed"] });
        }
        if (come.length > 0) go({ come });
      }
      go({ lost: new Problem(0, {}) });
    } catch (error) {
      if (signal.aborted) return;
      go({ lost: error });
      if (error instanceof Problem && !error.passing) return; // a query that is none stays so
    }
    await new Promise((again) => setTimeout(again, wait));
    wait = Math.min(wait * 2, 15_000);
  }
}
