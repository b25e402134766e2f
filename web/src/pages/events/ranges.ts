import type { Translate } from "../../i18n/translate.ts";

/** Ranges that one click chooses. */
export const quickRanges: readonly { from: string; to: string; name: (t: Translate) => string }[] = [
  ...[5, 15, 30].map((n) => ({ from: `now-${n}m`, to: "now", name: (t: Translate) => t("events.last", { what: t("events.minutes", { n }) }) })),
  { from: "now-1h", to: "now", name: (t) => t("events.last", { what: t("events.hour") }) },
  ...[3, 6, 12, 24].map((n) => ({ from: `now-${n}h`, to: "now", name: (t: Translate) => t("events.last", { what: t("events.hours", { n }) }) })),
  ...[2, 7, 30, 90].map((n) => ({ from: `now-${n}d`, to: "now", name: (t: Translate) => t("events.last", { what: t("events.days", { n }) }) })),
  { from: "now/d", to: "now", name: (t) => t("events.today") },
  { from: "now-1d/d", to: "now-1d/d", name: (t) => t("events.yesterday") },
  { from: "now/w", to: "now", name: (t) => t("events.week") },
];

/** What a range is called: its quick name, or its ends. */
export function rangeName(range: { from: string; to: string }, t: Translate, stamp: (text: string) => string): string {
  const quick = quickRanges.find((r) => r.from === range.from && r.to === range.to);
  if (quick) return quick.name(t);
  return [range.from, range.to].map((end) => (/^\d{4}-/.test(end) ? stamp(end).replace(/(:\d\d)\.0+$/, "$1") : end)).join(" → ");
}

/** What was typed as an end of a range, as the API takes it: date math as it is, a time as an instant. null: it is neither. */
export function endOf(text: string, parse: (text: string) => Date | null): string | null {
  const trimmed = text.trim();
  if (/^now([+-]\d+[yMwdhHms])*(\/[yMwdhHms])?$/.test(trimmed)) return trimmed;
  const at = parse(trimmed);
  if (at) return at.toISOString();
  return /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(trimmed) && !Number.isNaN(Date.parse(trimmed)) ? trimmed : null;
}
