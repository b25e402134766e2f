import { mergeConfig } from "vitest/config";
import flows from "./vitest.config.ts";

export default mergeConfig({ ...flows, test: { ...flows.test, include: [], exclude: [] } }, { test: { include: ["e2e/pictures.test.ts"] } });
