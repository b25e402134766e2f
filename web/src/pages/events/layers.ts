import type { Schemas } from "../../api/client.ts";

/** A part of each bar. */
export interface Layer {
  name: string;
  /** A variable of look.css, or a colour. */
  variable: string;
  counts: number[];
  /** Where it ends: with all below it. */
  tops: number[];
}

// Told apart by who cannot see red and green, too: they differ in lightness.
const palette = ["#1f7a8c", "#e0a030", "#7b5ea7", "#5ba35b", "#c8553d", "#8fa8b8"];

/** The layers of a histogram, those behind first: a bar that is drawn later covers the ones before from below. */
export function stack(data: Schemas["Histogram"], names: { ok: string; failed: string; other: string }): Layer[] {
  const parts = data.series
    ? [
        ...data.series.map((s, i) => ({ name: s.value, variable: palette[i] ?? "#8fa8b8", counts: s.counts })),
        ...(data.other ? [{ name: names.other, variable: "--at-dim", counts: data.other }] : []),
      ]
    : [
        { name: names.failed, variable: "--at-bar-bad", counts: data.buckets.map((b) => b.errors) },
        { name: names.ok, variable: "--at-bar", counts: data.buckets.map((b) => b.count - b.errors) },
      ];
  const below = data.buckets.map(() => 0);
  const layers = parts.map((part) => ({
    ...part,
    tops: part.counts.map((n, i) => {
      const top = (below[i] ?? 0) + n;
      below[i] = top;
      return top;
    }),
  }));
  return layers.toReversed();
}
