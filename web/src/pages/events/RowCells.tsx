import { memo } from "react";
import { Cell } from "./Cell.tsx";
import type { Event } from "./event.ts";
import classes from "./EventTable.module.css";
import { RowStart } from "./RowStart.tsx";
import type { SealedUntil } from "./seals.ts";

interface Props {
  event: Event;
  index: number;
  columns: readonly string[];
  words: readonly string[];
  sealed: SealedUntil | null;
  expanded: boolean;
  /** The same at each render, or nothing is won. */
  onExpand: (index: number) => void;
  /** Nothing before the first column. */
  small: boolean;
}

/** What stands in a row. Scrolling moves rows, which are drawn anew only when they have changed: with many columns all else is too slow. */
export const RowCells = memo(function RowCells({ event, index, columns, words, sealed, expanded, onExpand, small }: Props) {
  return columns.map((column, i) => (
    <div key={column} role="gridcell" className={classes.cell}>
      {i === 0 && !small && <RowStart event={event} sealed={sealed} expanded={expanded} onExpand={() => onExpand(index)} />}
      <Cell event={event} column={column} words={words} />
    </div>
  ));
});
