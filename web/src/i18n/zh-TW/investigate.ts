import type { Part } from "../dictionary.ts";

export const investigate: Part<"investigate"> = {};
