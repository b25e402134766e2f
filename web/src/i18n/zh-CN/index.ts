import { agents } from "./agents.ts";
import { events } from "./events.ts";
import { integrity } from "./integrity.ts";
import { investigate } from "./investigate.ts";
import { settings } from "./settings.ts";
import { shell } from "./shell.ts";
import { status } from "./status.ts";
import { trails } from "./trails.ts";
import type { Words } from "../dictionary.ts";

export const words: Words = { ...shell, ...events, ...investigate, ...trails, ...agents, ...integrity, ...status, ...settings };
