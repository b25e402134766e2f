import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const text = new Set([".js", ".css", ".svg", ".txt"]);

/** Bytes that the server may embed. */
const most = 2_000_000;

/** Replaces each text of the build by its .br and .gz form: the server embeds those alone. It fails the build when they are too many. */
export function compress(): Plugin {
  let dir = "";
  return {
    name: "actiontrail-compress",
    apply: "build",
    configResolved(config) {
      dir = config.build.outDir;
    },
    async closeBundle() {
      const entries = await readdir(dir, { recursive: true, withFileTypes: true });
      const names = entries.filter((e) => e.isFile() && text.has(extname(e.name))).map((e) => join(e.parentPath, e.name));
      await Promise.all(names.map(pack));
      const bytes = await sizeOf(dir);
      this.info(`dist ${(bytes / 1e6).toFixed(2)} MB of ${most / 1e6}`);
      if (bytes > most) this.error(`dist has ${bytes} bytes, ${most} are allowed`);
    },
  };
}

/** Bytes of all files of a folder. */
async function sizeOf(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const sizes = entries.filter((e) => e.isFile()).map(async (e) => (await stat(join(e.parentPath, e.name))).size);
  return (await Promise.all(sizes)).reduce((sum, n) => sum + n, 0);
}

async function pack(name: string): Promise<void> {
  const body = await readFile(name);
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
    promisify(gzip)(body, { level: 9 }),
  ]);
  await Promise.all([writeFile(`${name}.br`, br), writeFile(`${name}.gz`, gz)]);
  await rm(name);
}
