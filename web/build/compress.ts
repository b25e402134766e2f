import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const text = new Set([".js", ".css", ".svg", ".txt"]);

/** Replaces each text of the build by its .br and .gz form: the server embeds those alone. */
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
    },
  };
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
