import type { Key } from "../../i18n/dictionary.ts";

/** The keys of this page, as the sheet of shortcuts shows them. */
export const eventKeys: readonly { keys: readonly string[]; label: Key }[] = [];
