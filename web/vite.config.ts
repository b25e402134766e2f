import react from "@vitejs/plugin-react";
import { lezer } from "@lezer/generator/rollup";
import { defineConfig } from "vitest/config";
import { budget } from "./build/budget.ts";
import { compress } from "./build/compress.ts";
import { licences } from "./build/licences.ts";

export default defineConfig({
  // lezer() compiles kql.grammar on import: no generated parser in the tree.
  plugins: [lezer(), react(), licences(), budget(), compress()],
  // The server puts a fresh nonce in place of this in each answer; see handler.go.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the policy takes no data: but in images
    chunkSizeWarningLimit: 1000, // build/budget.ts watches what matters: what a page needs
    reportCompressedSize: false,
    // What every page has in common in one piece: in many small ones it compresses worse.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "shared", test: /node_modules/, minShareCount: 4 }] } } },
  },
  server: { proxy: { "/api": process.env.ACTIONTRAIL ?? "http://127.0.0.1:8320" } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
