import { useLanguage } from "../i18n/LanguageProvider.tsx";
import { formatClock, formatDate, formatOffset, formatStamp, formatTime, parseTyped } from "./format.ts";
import { formatAgo, formatDuration } from "./duration.ts";
import { useZone, type Zone } from "./zone.ts";

/**
 * The one way in which times and figures are shown. Whoever shows a time takes
 * it from here, so that the switch between UTC and local time holds everywhere.
 */
export function useFormat(): Format {
  const [zone] = useZone();
  const { language } = useLanguage();
  return formatOf(zone, language);
}

type Format = ReturnType<typeof makeFormat>;
const made = new Map<string, Format>();

/** The same for all: making one takes longer than drawing a cell, of which there are hundreds. */
function formatOf(zone: Zone, language: string): Format {
  const name = `${zone} ${language}`;
  const format = made.get(name) ?? makeFormat(zone, language);
  made.set(name, format);
  return format;
}

function makeFormat(zone: Zone, language: string) {
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const part = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const decimal = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  return {
    zone,
    date: (at: Date) => formatDate(at, zone),
    clock: (at: Date) => formatClock(at, zone),
    time: (at: Date) => formatTime(at, zone),
    stamp: (text: string) => formatStamp(text, zone),
    offset: (at: Date) => formatOffset(at, zone),
    parse: (text: string) => parseTyped(text, zone),
    number: (n: number) => whole.format(n),
    short: (n: number) => short.format(n),
    percent: (n: number) => part.format(n),
    decimal: (n: number) => decimal.format(n),
    duration: (seconds: number) => formatDuration(seconds, language),
    ago: (at: Date, now = Date.now()) => formatAgo((now - at.getTime()) / 1000, language),
    bytes: (n: number) => formatBytes(n, language),
  };
}

const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"] as const;

function formatBytes(n: number, language: string): string {
  const power = n < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(n) / 3));
  return new Intl.NumberFormat(language, { style: "unit", unit: units[power], unitDisplay: "short", maximumFractionDigits: 1 }).format(n / 1000 ** power);
}
