import type { Zone } from "./zone.ts";

const two = (n: number) => String(n).padStart(2, "0");

/** The parts of an instant in a zone. */
function partsOf(at: Date, zone: Zone) {
  return zone === "utc"
    ? { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate(), hour: at.getUTCHours(), minute: at.getUTCMinutes(), second: at.getUTCSeconds() }
    : { year: at.getFullYear(), month: at.getMonth() + 1, day: at.getDate(), hour: at.getHours(), minute: at.getMinutes(), second: at.getSeconds() };
}

/** 2026-11-29. */
export function formatDate(at: Date, zone: Zone): string {
  const p = partsOf(at, zone);
  return `${String(p.year).padStart(4, "0")}-${two(p.month)}-${two(p.day)}`;
}

/** 10:30:05. */
export function formatClock(at: Date, zone: Zone): string {
  const p = partsOf(at, zone);
  return `${two(p.hour)}:${two(p.minute)}:${two(p.second)}`;
}

/** 2026-11-29 10:30:05, the same in every language. */
export function formatTime(at: Date, zone: Zone): string {
  return `${formatDate(at, zone)} ${formatClock(at, zone)}`;
}

/**
 * The time of an event as it is stored, in RFC 3339: with as many digits of the
 * second as it has, up to nanoseconds, which a Date has no room for. What is no
 * time is given back as it is.
 */
export function formatStamp(stamp: string, zone: Zone): string {
  const at = new Date(stamp);
  if (Number.isNaN(at.getTime())) return stamp;
  const fraction = /:\d\d(\.\d+)/.exec(stamp)?.[1] ?? "";
  return formatTime(at, zone) + fraction;
}

/** +08:00 of an instant in the zone; Z in UTC. */
export function formatOffset(at: Date, zone: Zone): string {
  const minutes = zone === "utc" ? 0 : -at.getTimezoneOffset();
  if (minutes === 0) return "Z";
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** What a person typed, 2026-11-29 or 2026-11-29 10:30[:05[.123]], as an instant of the zone; null when it is none. */
export function parseTyped(text: string, zone: Zone): Date | null {
  const m = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?$/.exec(text.trim());
  if (!m) return null;
  const n = (i: number) => Number(m[i] ?? 0);
  const milli = Number((m[7] ?? "").padEnd(3, "0"));
  const given = [n(1), n(2) - 1, n(3), n(4), n(5), n(6), milli] as const;
  const at = zone === "utc" ? new Date(Date.UTC(...given)) : new Date(...given);
  // 2026-02-30 would be taken for 2 March.
  return formatDate(at, zone) === text.trim().slice(0, 10) ? at : null;
}
