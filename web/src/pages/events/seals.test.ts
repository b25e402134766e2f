import { expect, test } from "vitest";
import type { Schemas } from "../../api/client.ts";
import { furthest, waits } from "./seals.ts";

const at = (text: string) => Date.parse(`2026-11-22T${text}Z`);
const trail = (name: string, more: Partial<Schemas["TrailStatus"]>) => ({ name, lagBatches: 0, lagSeconds: 0, ...more }) as Schemas["TrailStatus"];

test("the trail that takes everything tells how far is sealed, and what it is behind with is not", () => {
  const some = trail("some", { where: "eventRW: Write", lastSeal: "2026-11-22T10:00:30Z" });
  const all = trail("all", { lastSeal: "2026-11-22T10:00:00Z" });
  expect(furthest([some, all], at("10:01:00"))).toEqual({ trail: "all", until: at("10:00:00") });
  expect(furthest([some], at("10:01:00"))).toEqual({ trail: "some", until: at("10:00:30") });
  expect(furthest([trail("all", { lastSeal: "2026-11-22T10:00:00Z", lagBatches: 2, lagSeconds: 120 })], at("10:01:00"))?.until).toBe(at("09:59:00"));
  expect(furthest([trail("new", {})], at("10:01:00"))).toBeNull();
});

test("an event waits when it was read after that", () => {
  const sealed = { trail: "all", until: at("10:00:00") };
  const event = (observedTime?: string) => ({ eventId: "a", eventTime: "", eventName: "", eventRW: "", eventType: "", serviceName: "", origin: { observedTime } });
  expect(waits(event("2026-11-22T10:00:00.001Z"), sealed)).toBe(true);
  expect(waits(event("2026-11-22T10:00:00.000Z"), sealed)).toBe(false);
  expect(waits(event(), sealed)).toBe(false);
});
