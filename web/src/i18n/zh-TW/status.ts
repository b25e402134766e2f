import type { Part } from "../dictionary.ts";

export const status: Part<"status"> = {};
