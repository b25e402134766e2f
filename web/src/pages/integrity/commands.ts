import type { Schemas } from "../../api/client.ts";

/** A word of a shell's command line, whatever is in it. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Where an archive lies, as verify takes it. */
export function archiveOf(delivery: Pick<Schemas["Delivery"], "folder" | "target">): string {
  return delivery.folder ?? delivery.target;
}

/** Checks an archive against a key and a checkpoint that were kept in files of that name. */
export function checkArchive(name: string, place: string): string {
  return `actiontrail verify ${shellWord(place)} --keys ${shellWord(`${name}.key`)} --checkpoint ${shellWord(`${name}.checkpoint`)}`;
}

/** Checks a bundle against a key that was kept. */
export function checkBundle(file: string, name: string): string {
  return `actiontrail verify --bundle ${shellWord(file)} --keys ${shellWord(`${name}.key`)}`;
}
