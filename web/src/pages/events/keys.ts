import type { Key } from "../../i18n/dictionary.ts";

/** The keys of this page, as the sheet of shortcuts shows them; useEventKeys does them. */
export const eventKeys: readonly { keys: readonly string[]; label: Key }[] = [
  { keys: ["/"], label: "events.keyQuery" },
  { keys: ["Enter"], label: "events.keyRun" },
  { keys: ["j", "k"], label: "events.keyMove" },
  { keys: ["↓", "↑"], label: "events.keyMove" },
  { keys: ["r"], label: "events.keyRefresh" },
  { keys: ["w"], label: "events.keyReads" },
  { keys: ["l"], label: "events.keyTail" },
  { keys: ["z"], label: "events.keyUndo" },
  { keys: ["x"], label: "events.keyExpand" },
];
