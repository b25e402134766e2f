import { call } from "../../api/client.ts";
import { spill } from "../../ui/spill.ts";

/** How far an export is. */
export interface Progress {
  events: number;
  bytes: number;
  /** How many there will be; known when the first bytes come. */
  total: number;
}

/** The forms of a file that are lines: what is counted as they come. */
export const forms = [
  { value: "csv", label: "CSV", end: "csv", parts: true },
  { value: "ndjson", label: "NDJSON", end: "ndjson", parts: true },
  { value: "ecs", label: "ECS", end: "ecs.ndjson", parts: false },
  { value: "ocsf", label: "OCSF", end: "ocsf.ndjson", parts: false },
  { value: "cef", label: "CEF", end: "cef", parts: false },
] as const;

export type Form = (typeof forms)[number]["value"];

export interface Wanted {
  query: string;
  /** Instants: those of the screen, whatever "now" is meanwhile. */
  from: string;
  to: string;
  format: Form;
  /** Columns; none: all fields. Only of forms whose events can be sent in part. */
  fields: readonly string[];
  sort?: "asc";
}

/** So many bytes are put aside at once. */
const piece = 4 << 20;

/** Counts the events that pass: lines, but for line breaks within quotes of CSV, and its line of names. */
export function counter(format: Wanted["format"]): (bytes: Uint8Array) => number {
  let lines = 0;
  let inQuotes = false;
  return (bytes) => {
    for (const b of bytes) {
      if (b === 0x22 && format === "csv") inQuotes = !inQuotes;
      if (b === 0x0a && !inQuotes) lines++;
    }
    return format === "csv" ? Math.max(0, lines - 1) : lines;
  };
}

/** Reads the whole result as a stream. It fails when the server breaks off: a part is never handed out as the whole. */
export async function exportEvents(wanted: Wanted, signal: AbortSignal, onProgress: (p: Progress) => void): Promise<Blob> {
  const query = new URLSearchParams({ query: wanted.query, from: wanted.from, to: wanted.to, format: wanted.format });
  if (wanted.sort) query.set("sort", wanted.sort);
  if (wanted.fields.length > 0) query.set("fields", wanted.fields.join(","));
  const answer = await call(new Request(`/api/v1/export?${query}`, { signal }));
  const total = Number(answer.headers.get("Actiontrail-Total") ?? 0);
  const count = counter(wanted.format);
  const file = await spill();
  let held: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  let bytes = 0;
  try {
    for await (const chunk of answer.body ?? []) {
      held.push(chunk as Uint8Array<ArrayBuffer>);
      size += chunk.length;
      bytes += chunk.length;
      onProgress({ events: count(chunk), bytes, total });
      if (size > piece) {
        await file.add(held);
        held = [];
        size = 0;
      }
    }
    await file.add(held);
  } catch (e) {
    await file.drop().catch(() => undefined); // what went wrong first is told
    throw e;
  }
  return file.finish();
}
