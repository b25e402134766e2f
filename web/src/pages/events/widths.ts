import { useMemo } from "react";
import { useStored } from "../../settings/useStored.ts";
import { composed, isComposed } from "./columns.ts";

const isWidths = (value: unknown): value is Record<string, number> => typeof value === "object" && value !== null && Object.values(value).every((v) => typeof v === "number");
const none: Record<string, number> = {};

export const narrowest = 64;
export const widest = 900;

/** How wide each column is, in pixels, as it was drawn last in this browser. */
export function useWidths() {
  const [kept, keep] = useStored("events.widths", none, isWidths);
  return useMemo(
    () => ({
      of: (name: string) => kept[name] ?? (isComposed(name) ? composed[name] : 180),
      drawn: (name: string) => kept[name] !== undefined,
      set: (name: string, width: number) => keep({ ...kept, [name]: Math.round(Math.min(widest, Math.max(narrowest, width))) }),
    }),
    [kept, keep],
  );
}
