import type { Schemas } from "../../api/client.ts";
import type { Tone } from "../../ui/StateMark.tsx";

type State = Schemas["TrailStatus"]["state"];

export const toneOf: Record<State, Tone> = { running: "good", stopped: "quiet", failing: "bad", owing: "warn", standby: "quiet" };

/** Deliveries of these kinds make archives; all others send events. */
const archiveKinds = new Set(["file", "s3", "oss"]);

export const archives = (delivery: Schemas["Delivery"]): boolean => archiveKinds.has(delivery.kind);

/** Events and bytes of all its deliveries a second. */
export function throughputOf(trail: Schemas["TrailStatus"]): { events: number; bytes: number } {
  const sum = { events: 0, bytes: 0 };
  for (const { throughput } of trail.deliver) {
    sum.events += throughput?.eventsPerSecond ?? 0;
    sum.bytes += throughput?.bytesPerSecond ?? 0;
  }
  return sum;
}

/** Key of the object that any of its deliveries made last. */
export function lastObjectOf(trail: Schemas["TrailStatus"]): string | undefined {
  const newest = trail.deliver.filter((d) => d.lastObject).sort((a, b) => (b.lastDelivery ?? "").localeCompare(a.lastDelivery ?? ""));
  return newest[0]?.lastObject;
}
