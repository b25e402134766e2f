import { useStored } from "../settings/useStored.ts";

/** In which zone times are shown and typed, everywhere. */
export type Zone = "utc" | "local";

const isZone = (value: unknown): value is Zone => value === "utc" || value === "local";

/** UTC unless chosen otherwise: it is what archives, logs and colleagues elsewhere have. */
export function useZone(): [Zone, (zone: Zone) => void] {
  return useStored<Zone>("zone", "utc", isZone);
}
