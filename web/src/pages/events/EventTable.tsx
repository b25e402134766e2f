import { useElementSize } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { ColumnHeads } from "./ColumnHeads.tsx";
import type { Event } from "./event.ts";
import { EventRow, rowId } from "./EventRow.tsx";
import classes from "./EventTable.module.css";
import { useRowLook } from "./rowLook.ts";
import type { SealedUntil } from "./seals.ts";
import { useOpened } from "./useAddress.ts";
import { useColumnWindow } from "./useColumnWindow.ts";

interface Props {
  events: readonly Event[];
  columns: readonly string[];
  words: readonly string[];
  /** How far archives are sealed; null where that is not known. */
  sealed: SealedUntil | null;
  /** Is told what was opened by hand. */
  onOpened?: (event: Event) => void;
  /** Called when the last rows come into sight and there are more. */
  onEnd?: () => void;
  /** What stands below the last row. */
  foot?: React.ReactNode;
}

const phone = 560; // pixels: below, a row is two lines and needs no columns
const headHeight = 35; // pixels of the heads, which stand above the rows and stay in sight
const none: ReadonlySet<string> = new Set();

/** Events as rows, of which only those in sight are in the document. */
export const EventTable = memo(function EventTable({ events, columns, words, sealed, onOpened, onEnd, foot }: Props) {
  const t = useT();
  const [open, setOpen] = useOpened();
  const box = useRef<HTMLDivElement>(null);
  const { ref: sized, width: room } = useElementSize();
  // The same at each render: another one would be measured anew, which renders again, for ever.
  const attach = useCallback(
    (node: HTMLDivElement | null) => {
      box.current = node;
      sized(node);
    },
    [sized],
  );
  const small = room > 0 && room < phone;
  const look = useRowLook();
  const wrap = look.wrap && !small;
  const rowHeight = small ? 58 : look.dense ? 26 : 34;
  const [expanded, setExpanded] = useState(none);
  // Another function would have the places of all rows reckoned anew.
  const keyOf = useCallback((i: number) => events[i]?.eventId ?? i, [events]);
  const virtual = useVirtualizer({ count: events.length, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 12, getItemKey: keyOf, scrollPaddingEnd: small ? 0 : headHeight });
  useEffect(() => virtual.measure(), [rowHeight, wrap, virtual]);
  const expand = (index: number) => {
    const id = events[index]?.eventId;
    if (id === undefined) return;
    const next = new Set(expanded);
    if (!next.delete(id)) next.add(id);
    else if (!wrap) virtual.resizeItem(index, rowHeight); // it is not measured any more
    setExpanded(next);
  };

  const expandNow = useRef(expand);
  useEffect(() => {
    expandNow.current = expand;
  });
  const onExpand = useCallback((index: number) => expandNow.current(index), []);

  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onEnd && last >= events.length - 40) onEnd();
  }, [last, events.length, onEnd]);

  const at = useMemo(() => (open === undefined ? -1 : events.findIndex((e) => e.eventId === open)), [events, open]);
  useEffect(() => {
    if (at < 0) return;
    // Asking for a place has all of the page laid out before it is painted: not for a row that was clicked.
    const row = virtual.measurementsCache[at];
    const [top, rowRoom] = [virtual.scrollOffset ?? 0, (virtual.scrollRect?.height ?? 0) - virtual.options.scrollPaddingEnd];
    if (!row || row.start < top || row.end > top + rowRoom) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);

  const [held, setHeld] = useState<string | null>(null);
  const { drawn, template, width } = useColumnWindow(box, columns, room, small, held);

  const openRow = useCallback(
    (event: Event, selected = false) => {
      if (!selected) onOpened?.(event);
      setOpen(selected ? undefined : event.eventId);
    },
    [setOpen, onOpened],
  );
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: 15, PageUp: -15 }[event.key];
    if (!step || events.length === 0) return;
    event.preventDefault();
    const next = events[at < 0 ? 0 : Math.min(events.length - 1, Math.max(0, at + step))];
    if (next) openRow(next);
  };

  return (
    <div
      ref={attach}
      className={classes.box}
      data-wrap={wrap || undefined}
      data-dense={look.dense || undefined}
      role="grid"
      aria-label={t("events.table")}
      aria-rowcount={events.length + 1}
      aria-colcount={small ? drawn.length : columns.length}
      aria-activedescendant={at >= 0 && items.some((i) => i.index === at) ? rowId(events[at]) : undefined}
      tabIndex={0}
      onKeyDown={onKey}
    >
      {!small && <ColumnHeads columns={columns} drawn={drawn} template={template} width={width} onHold={setHeld} />}
      <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize(), width }}>
        {items.map((item) => {
          const event = events[item.index];
          const opened = event !== undefined && expanded.has(event.eventId) && !small;
          const grows = wrap || opened;
          return (
            event && (
              <EventRow
                key={item.key}
                event={event}
                index={item.index}
                top={item.start}
                height={grows ? undefined : rowHeight}
                measure={grows ? virtual.measureElement : undefined}
                drawn={drawn}
                template={template}
                words={words}
                sealed={sealed}
                selected={event.eventId === open}
                inside={opened ? Math.min(room, width) : undefined}
                small={small}
                onOpen={openRow}
                onExpand={onExpand}
              />
            )
          );
        })}
      </div>
      {foot && <div className={classes.foot}>{foot}</div>}
    </div>
  );
});
