import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Bounds in kB (1000 bytes) of gzip: over one of them the build fails. */
const bounds = { firstPaint: 260, page: 400, css: 45 };

interface Chunk {
  imports: string[];
  dynamicImports: string[];
  size: number;
  page?: string;
  language: boolean;
}

/** Measures what each page makes a browser load, and fails the build over the bounds. */
export function budget(): Plugin {
  return {
    name: "actiontrail-budget",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const chunks = new Map<string, Chunk>();
        let entry = "";
        let css = 0;
        for (const [name, out] of Object.entries(bundle)) {
          if (out.type === "asset") {
            if (name.endsWith(".css")) css += gzipSync(out.source).length;
            continue;
          }
          if (out.isEntry) entry = name;
          const module = out.facadeModuleId ?? "";
          chunks.set(name, {
            imports: out.imports,
            dynamicImports: out.dynamicImports,
            size: gzipSync(out.code, { level: 9 }).length,
            page: /src\/pages\/([^/]+)\/index\.tsx$/.exec(module)?.[1],
            language: module.includes("/i18n/"),
          });
        }
        const lines: string[] = [];
        const over: string[] = [];
        const measure = (what: string, bytes: number, most: number) => {
          const line = `${what.padEnd(28)} ${(bytes / 1000).toFixed(1).padStart(7)} kB of ${most}`;
          lines.push(line);
          if (bytes > most * 1000) over.push(line.replaceAll(/ +/g, " "));
        };
        for (const [name, chunk] of chunks) {
          if (!chunk.page) continue;
          measure(`${chunk.page}: first paint`, sum(chunks, reach(chunks, [entry, name], false)), bounds.firstPaint);
          measure(`${chunk.page}: in full`, sum(chunks, reach(chunks, [entry, name], true)), bounds.page);
        }
        measure("style sheets", css, bounds.css);
        this.info(`gzip\n${lines.join("\n")}`);
        if (over.length > 0) this.error(`over the budget: ${over.join("; ")}; load what is not seen at once later (React.lazy), or leave it out`);
      },
    },
  };
}

/** The chunks that come with the given ones; with later, also those that they load by and by. */
function reach(chunks: Map<string, Chunk>, from: string[], later: boolean): Set<string> {
  const seen = new Set<string>();
  const visit = (name: string) => {
    const chunk = chunks.get(name);
    if (!chunk || seen.has(name)) return;
    seen.add(name);
    for (const next of chunk.imports) visit(next);
    if (!later) return;
    for (const next of chunk.dynamicImports) {
      const c = chunks.get(next);
      if (c && !c.page && !c.language) visit(next);
    }
  };
  for (const name of from) visit(name);
  return seen;
}

function sum(chunks: Map<string, Chunk>, names: Set<string>): number {
  let bytes = 0;
  for (const name of names) bytes += chunks.get(name)?.size ?? 0;
  return bytes;
}
