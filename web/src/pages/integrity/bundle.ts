import { call } from "../../api/client.ts";

export interface Wanted {
  trail: string;
  delivery: string;
  from: string;
  to: string;
  query: string;
}

/** Reads a bundle to its end; it fails when the server breaks off, as a part is no evidence. */
export async function fetchBundle(wanted: Wanted, signal: AbortSignal, onBytes: (bytes: number) => void): Promise<Blob> {
  const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== ""));
  const answer = await call(new Request(`/api/v1/bundle?${query}`, { signal }));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    parts.push(chunk as Uint8Array<ArrayBuffer>);
    bytes += chunk.length;
    onBytes(bytes);
  }
  return new Blob(parts, { type: "application/zip" });
}
