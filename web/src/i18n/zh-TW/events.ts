import type { Part } from "../dictionary.ts";

export const events: Part<"events"> = {};
