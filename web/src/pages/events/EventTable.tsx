import { useElementSize } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type KeyboardEvent } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { Cell } from "./Cell.tsx";
import { ColumnHead } from "./ColumnHead.tsx";
import type { Event } from "./event.ts";
import classes from "./EventTable.module.css";
import { useWidths } from "./widths.ts";

interface Props {
  events: readonly Event[];
  columns: readonly string[];
  words: readonly string[];
  open: string | undefined;
  onOpen: (id: string | undefined) => void;
  /** Called when the last rows come into sight and there are more. */
  onEnd?: () => void;
  /** What stands below the last row. */
  foot?: React.ReactNode;
}

const phone = 560; // pixels: below, a row is two lines and needs no columns

const rowId = (event: Event | undefined) => `event-${event?.eventId}`;

/** Events as rows, of which only those in sight are in the document. */
export function EventTable({ events, columns, words, open, onOpen, onEnd, foot }: Props) {
  const t = useT();
  const widths = useWidths();
  const box = useRef<HTMLDivElement>(null);
  const { ref: sized, width: room } = useElementSize();
  const small = room > 0 && room < phone;
  const rowHeight = small ? 58 : 34;
  const virtual = useVirtualizer({ count: events.length, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 12, getItemKey: (i) => events[i]?.eventId ?? i });
  useEffect(() => virtual.measure(), [rowHeight, virtual]);

  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onEnd && last >= events.length - 40) onEnd();
  }, [last, events.length, onEnd]);

  const at = events.findIndex((e) => e.eventId === open);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);

  const fixed = columns.map((c) => widths.of(c));
  const needed = fixed.reduce((sum, w) => sum + w, 0);
  // What is left goes to the columns that nobody has drawn, and to the last one, so that rows reach the edge.
  const template = columns.map((c, i) => (widths.drawn(c) && i < columns.length - 1 ? `${widths.of(c)}px` : `minmax(${widths.of(c)}px, ${widths.of(c)}fr)`)).join(" ");
  const width = small ? "100%" : Math.max(needed, room);

  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: 15, PageUp: -15 }[event.key];
    if (!step || events.length === 0) return;
    event.preventDefault();
    const next = at < 0 ? 0 : Math.min(events.length - 1, Math.max(0, at + step));
    onOpen(events[next]?.eventId);
  };

  return (
    <div
      ref={(node) => {
        box.current = node;
        sized(node);
      }}
      className={classes.box}
      role="grid"
      aria-label={t("events.table")}
      aria-rowcount={events.length + 1}
      aria-activedescendant={at >= 0 && items.some((i) => i.index === at) ? rowId(events[at]) : undefined}
      tabIndex={0}
      onKeyDown={onKey}
    >
      {!small && (
        <div role="rowgroup" className={classes.heads} style={{ width }}>
          <div role="row" aria-rowindex={1} className={classes.head} style={{ gridTemplateColumns: template }}>
            {columns.map((column) => (
              <ColumnHead key={column} column={column} columns={columns} width={widths.of(column)} onWidth={(w) => widths.set(column, w)} />
            ))}
          </div>
        </div>
      )}
      <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize(), width }}>
        {items.map((item) => {
          const event = events[item.index];
          return (
            event && (
              <div
                key={item.key}
                id={rowId(event)}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={event.eventId === open}
                className={small ? classes.card : classes.row}
                style={{ transform: `translateY(${item.start}px)`, height: rowHeight, gridTemplateColumns: small ? undefined : template }}
                onClick={() => getSelection()?.toString() || onOpen(event.eventId === open ? undefined : event.eventId)}
              >
                {(small ? ["action", "result", "actor", "time"] : columns).map((column) => (
                  <div key={column} role="gridcell" className={classes.cell}>
                    <Cell event={event} column={column} words={words} />
                  </div>
                ))}
              </div>
            )
          );
        })}
      </div>
      {foot && <div className={classes.foot}>{foot}</div>}
    </div>
  );
}
