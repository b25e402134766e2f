import { memo } from "react";
import { Cell } from "./Cell.tsx";
import type { Drawn } from "./columnWindow.ts";
import type { Event } from "./event.ts";
import classes from "./EventTable.module.css";
import { RowStart } from "./RowStart.tsx";
import type { SealedUntil } from "./seals.ts";

interface Props {
  event: Event;
  index: number;
  drawn: readonly Drawn[];
  words: readonly string[];
  sealed: SealedUntil | null;
  expanded: boolean;
  /** The same at each render, or nothing is won. */
  onExpand: (index: number) => void;
  /** Nothing before the first column. */
  small: boolean;
}

/** What stands in a row: a row that is chosen or moved keeps it. */
export const RowCells = memo(function RowCells({ event, index, drawn, words, sealed, expanded, onExpand, small }: Props) {
  return drawn.map((column) => (
    <div key={column.name} role="gridcell" aria-colindex={column.index + 1} className={classes.cell} style={column.track ? { gridColumnStart: column.track } : undefined}>
      {column.index === 0 && !small && <RowStart event={event} sealed={sealed} expanded={expanded} onExpand={() => onExpand(index)} />}
      <Cell event={event} column={column.name} words={words} />
    </div>
  ));
});
