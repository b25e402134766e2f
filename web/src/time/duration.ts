const steps = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/** The largest unit that a time is one of, and how many it is. */
function inUnits(seconds: number) {
  const [unit, length] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? (["second", 1] as const);
  return { unit, n: seconds / length };
}

/** 4 sec, 12 min, 3 hr: as exact as one reads it in passing. */
export function formatDuration(seconds: number, language: string): string {
  const { unit, n } = inUnits(seconds);
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: n < 10 && unit !== "second" ? 1 : 0, signDisplay: "negative" }).format(n);
}

/** 3 min ago; of the future: in 3 min. */
export function formatAgo(seconds: number, language: string): string {
  const { unit, n } = inUnits(seconds);
  return new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" }).format(-Math.trunc(n), unit);
}
