/** Takes the bytes of a file to come, so that the memory of the page stays flat. */
export interface Spill {
  add: (bytes: readonly Uint8Array<ArrayBuffer>[]) => Promise<void>;
  /** The file, when all is there. */
  finish: () => Promise<Blob>;
  /** Forgets what came. */
  drop: () => Promise<void>;
}

const folder = "downloads";
const keptFor = 10 * 60_000; // ms: by then the browser has its own copy

/**
 * A file of the browser's own for this origin (File System API). Where there is none,
 * as over plain HTTP from another machine, parts that the browser may put on disk by
 * itself: of these Chromium hands out no more than some 500 MB.
 */
export async function spill(): Promise<Spill> {
  return (await onDisk().catch(() => undefined)) ?? inParts();
}

async function onDisk(): Promise<Spill | undefined> {
  if (!globalThis.isSecureContext || !("getDirectory" in (navigator.storage ?? {}))) return undefined;
  const root = await navigator.storage.getDirectory();
  const dir = await root.getDirectoryHandle(folder, { create: true });
  await sweep(dir);
  const name = `${Date.now()}-${crypto.randomUUID()}`;
  const file = await dir.getFileHandle(name, { create: true });
  const to = await file.createWritable();
  const remove = () => dir.removeEntry(name).catch(() => undefined); // another tab has swept it
  return {
    add: async (bytes) => {
      for (const b of bytes) await to.write(b);
    },
    finish: async () => {
      await to.close();
      setTimeout(remove, keptFor);
      return file.getFile();
    },
    drop: async () => {
      await to.abort();
      await remove();
    },
  };
}

/** Removes what pages left that were closed before their time. */
async function sweep(dir: FileSystemDirectoryHandle): Promise<void> {
  for await (const name of dir.keys()) {
    if (Date.now() - Number.parseInt(name, 10) > keptFor) await dir.removeEntry(name).catch(() => undefined); // still being written to by another tab
  }
}

function inParts(): Spill {
  const parts: Blob[] = [];
  return {
    add: async (bytes) => void parts.push(new Blob([...bytes])),
    finish: async () => new Blob(parts),
    drop: async () => void parts.splice(0),
  };
}
