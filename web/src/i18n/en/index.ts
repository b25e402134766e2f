import { agents } from "./agents.ts";
import { events } from "./events.ts";
import { integrity } from "./integrity.ts";
import { investigate } from "./investigate.ts";
import { settings } from "./settings.ts";
import { shell } from "./shell.ts";
import { status } from "./status.ts";
import { trails } from "./trails.ts";

/** English: the language that the others are held against, in parts so that each page has its own. */
export const parts = { shell, events, investigate, trails, agents, integrity, status, settings };

export const words = { ...shell, ...events, ...investigate, ...trails, ...agents, ...integrity, ...status, ...settings };
