import { agents } from "./agents.ts";
import { integrity } from "./integrity.ts";
import { investigate } from "./investigate.ts";
import { settings } from "./settings.ts";
import { status } from "./status.ts";
import { trails } from "./trails.ts";

export const restParts = { investigate, trails, agents, integrity, status, settings };

/** English of all other pages: it comes with the first of them. */
export const rest = { ...investigate, ...trails, ...agents, ...integrity, ...status, ...settings };
