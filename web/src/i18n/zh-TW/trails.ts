import type { Part } from "../dictionary.ts";

export const trails: Part<"trails"> = {};
