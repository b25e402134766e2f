import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "vite";

/** Writes licences.txt: who made what is in the bundle, and under which terms. */
export function licences(): Plugin {
  return {
    name: "actiontrail-licences",
    apply: "build",
    async generateBundle(_, bundle) {
      const own = JSON.parse(await readFile("package.json", "utf8")) as { dependencies: Record<string, string> };
      const found = new Set(Object.keys(own.dependencies).map((name) => join("node_modules", name)));
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        for (const id of Object.keys(chunk.modules)) {
          const at = /^.*(node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id);
          if (at?.[1]) found.add(at[1]);
        }
      }
      const parts = await Promise.all([...found].sort().map(describe));
      this.emitFile({ type: "asset", fileName: "licences.txt", source: parts.join(`\n${"-".repeat(78)}\n`) });
    },
  };
}

async function describe(dir: string): Promise<string> {
  const about = JSON.parse(await readFile(join(dir, "package.json"), "utf8")) as { name: string; version: string; license?: string };
  const file = (await readdir(dir)).find((f) => /^(licen[cs]e|copying)/i.test(f));
  if (!file && !about.license) throw new Error(`${about.name} does not say under which licence it is; it may not be shipped`);
  const terms = file ? (await readFile(join(dir, file), "utf8")).trim() : `See the licence ${about.license}.`;
  return `${about.name} ${about.version} (${about.license ?? "see below"})\n\n${terms}\n`;
}
