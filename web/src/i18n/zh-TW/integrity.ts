import type { Part } from "../dictionary.ts";

export const integrity: Part<"integrity"> = {};
