import { useCallback, useState } from "react";
import { useAddress } from "./useAddress.ts";

interface Range {
  from?: string;
  to?: string;
}

/** Zooming into the histogram, and out of it again the way one came; Back does it, too. */
export function useZoom() {
  const [search, change] = useAddress();
  const [before, setBefore] = useState<{ range: Range; zoomed: Range }[]>([]);
  const { from, to } = search;
  const last = before.at(-1);
  // Whoever chose another range, or went Back, has left the zoom.
  const zoomed = last && last.zoomed.from === from && last.zoomed.to === to;
  const into = useCallback(
    (begin: Date, end: Date) => {
      const range = { from: begin.toISOString(), to: end.toISOString() };
      setBefore((steps) => [...steps.slice(-20), { range: { from, to }, zoomed: range }]);
      change(range);
    },
    [from, to, change],
  );
  const undo = useCallback(() => {
    if (!last) return;
    setBefore((steps) => steps.slice(0, -1));
    change(last.range);
  }, [last, change]);
  return { into, undo: zoomed ? undo : undefined };
}
