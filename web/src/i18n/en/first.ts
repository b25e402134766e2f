import { events } from "./events.ts";
import { shell } from "./shell.ts";

export const firstParts = { shell, events };

/** English of what is around every page and of the front page: it comes with the first load. */
export const first = { ...shell, ...events };
