import { lazy, memo, Suspense } from "react";
import type { Drawn } from "./columnWindow.ts";
import type { Event } from "./event.ts";
import classes from "./EventTable.module.css";
import { RowCells } from "./RowCells.tsx";
import type { SealedUntil } from "./seals.ts";

const FieldTable = lazy(() => import("./FieldTable.tsx").then((m) => ({ default: m.FieldTable })));

interface Props {
  event: Event;
  index: number;
  /** Pixels from the top. */
  top: number;
  /** Pixels; undefined where the row is as high as what is in it. */
  height: number | undefined;
  /** Is told the element of a row that is as high as what is in it. */
  measure: ((node: HTMLElement | null) => void) | undefined;
  drawn: readonly Drawn[];
  template: string | undefined;
  words: readonly string[];
  sealed: SealedUntil | null;
  /** Its event is the one in the panel. */
  selected: boolean;
  /** All its fields are shown in place, so many pixels wide. */
  inside: number | undefined;
  small: boolean;
  onOpen: (event: Event, selected: boolean) => void;
  onExpand: (index: number) => void;
}

export const rowId = (event: Event | undefined) => `event-${event?.eventId}`;

/** A row of the table. It is drawn anew only when something of it has changed: opening another one or scrolling is no change. */
export const EventRow = memo(function EventRow({ event, index, top, height, measure, drawn, template, words, sealed, selected, inside, small, onOpen, onExpand }: Props) {
  return (
    <div
      id={rowId(event)}
      ref={measure}
      data-index={index}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={small ? classes.card : classes.row}
      style={{ transform: `translateY(${top}px)`, height, gridTemplateColumns: template }}
      onClick={() => getSelection()?.toString() || onOpen(event, selected)}
    >
      <RowCells event={event} index={index} drawn={drawn} words={words} sealed={sealed} expanded={inside !== undefined} onExpand={onExpand} small={small} />
      {inside !== undefined && (
        <div role="gridcell" className={classes.inside} style={{ width: inside }} onClick={(e) => e.stopPropagation()}>
          <Suspense>
            <FieldTable event={event} words={words} />
          </Suspense>
        </div>
      )}
    </div>
  );
});
