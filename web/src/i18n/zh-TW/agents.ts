import type { Part } from "../dictionary.ts";

export const agents: Part<"agents"> = {};
