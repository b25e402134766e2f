import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "node",
    include: ["e2e/**/*.test.ts"],
    exclude: ["e2e/pictures.test.ts"],
    globalSetup: "e2e/server.ts",
    // One browser at a time: two cores are shared with the server.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
