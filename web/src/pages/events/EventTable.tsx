import { useElementSize } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { ColumnHeads } from "./ColumnHeads.tsx";
import type { Event } from "./event.ts";
import classes from "./EventTable.module.css";
import { useRowLook } from "./rowLook.ts";
import { RowCells } from "./RowCells.tsx";
import type { SealedUntil } from "./seals.ts";
import { useWidths } from "./widths.ts";

const FieldTable = lazy(() => import("./FieldTable.tsx").then((m) => ({ default: m.FieldTable })));

interface Props {
  events: readonly Event[];
  columns: readonly string[];
  words: readonly string[];
  /** How far archives are sealed; null where that is not known. */
  sealed: SealedUntil | null;
  open: string | undefined;
  onOpen: (id: string | undefined) => void;
  /** Called when the last rows come into sight and there are more. */
  onEnd?: () => void;
  /** What stands below the last row. */
  foot?: React.ReactNode;
}

const phone = 560; // pixels: below, a row is two lines and needs no columns
const start = 40; // pixels before the first column, for RowStart
const none: ReadonlySet<string> = new Set();
const onPhone = ["action", "result", "actor", "time"];

const rowId = (event: Event | undefined) => `event-${event?.eventId}`;

/** Events as rows, of which only those in sight are in the document. */
export function EventTable({ events, columns, words, sealed, open, onOpen, onEnd, foot }: Props) {
  const t = useT();
  const widths = useWidths();
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
  const virtual = useVirtualizer({ count: events.length, getScrollElement: () => box.current, estimateSize: () => rowHeight, overscan: 12, getItemKey: (i) => events[i]?.eventId ?? i });
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
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);

  const widthAt = (c: string, i: number) => widths.of(c) + (i === 0 ? start : 0);
  const needed = columns.reduce((sum, c, i) => sum + widthAt(c, i), 0);
  // What is left goes to the columns that nobody has drawn, and to the last one, so that rows reach the edge.
  const template = columns.map((c, i) => (widths.drawn(c) && i < columns.length - 1 ? `${widthAt(c, i)}px` : `minmax(${widthAt(c, i)}px, ${widthAt(c, i)}fr)`)).join(" ");
  const width = small ? room : Math.max(needed, room);

  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: 15, PageUp: -15 }[event.key];
    if (!step || events.length === 0) return;
    event.preventDefault();
    const next = at < 0 ? 0 : Math.min(events.length - 1, Math.max(0, at + step));
    onOpen(events[next]?.eventId);
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
      aria-activedescendant={at >= 0 && items.some((i) => i.index === at) ? rowId(events[at]) : undefined}
      tabIndex={0}
      onKeyDown={onKey}
    >
      {!small && <ColumnHeads columns={columns} template={template} width={width} />}
      <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize(), width }}>
        {items.map((item) => {
          const event = events[item.index];
          const opened = event !== undefined && expanded.has(event.eventId) && !small;
          return (
            event && (
              <div
                key={item.key}
                id={rowId(event)}
                ref={wrap || opened ? virtual.measureElement : undefined}
                data-index={item.index}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={event.eventId === open}
                className={small ? classes.card : classes.row}
                style={{ transform: `translateY(${item.start}px)`, height: wrap || opened ? undefined : rowHeight, gridTemplateColumns: small ? undefined : template }}
                onClick={() => getSelection()?.toString() || onOpen(event.eventId === open ? undefined : event.eventId)}
              >
                <RowCells event={event} index={item.index} columns={small ? onPhone : columns} words={words} sealed={sealed} expanded={opened} onExpand={onExpand} small={small} />
                {opened && (
                  <div role="gridcell" className={classes.inside} style={{ width: Math.min(room, width) }} onClick={(e) => e.stopPropagation()}>
                    <Suspense>
                      <FieldTable event={event} words={words} />
                    </Suspense>
                  </div>
                )}
              </div>
            )
          );
        })}
      </div>
      {foot && <div className={classes.foot}>{foot}</div>}
    </div>
  );
}
