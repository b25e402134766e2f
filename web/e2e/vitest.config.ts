import { defineConfig } from "vitest/config";
import { patience } from "./patience.ts";

export default defineConfig({
  test: {
    environment: "node",
    include: ["e2e/**/*.test.ts"],
    exclude: ["e2e/pictures.test.ts"],
    globalSetup: "e2e/server.ts",
    // One browser at a time: two cores are shared with the server.
    fileParallelism: false,
    // A flow that fails runs once more, and the report says so: it is to be mended.
    retry: 1,
    testTimeout: 2 * patience,
    hookTimeout: 2 * patience,
    expect: { poll: { timeout: patience, interval: 100 } },
  },
});
