import { memo } from "react";
import { ColumnHead } from "./ColumnHead.tsx";
import type { Drawn } from "./columnWindow.ts";
import classes from "./EventTable.module.css";
import { useWidths } from "./widths.ts";

interface Props {
  columns: readonly string[];
  drawn: readonly Drawn[];
  /** That of the grid of a row. */
  template: string | undefined;
  /** In pixels. */
  width: number;
  /** Is told which head had the focus last: it stays in the document wherever it is, or Tab would lose its way. */
  onHold: (column: string) => void;
}

/** The heads of the columns, which scrolling down does not draw anew. */
export const ColumnHeads = memo(function ColumnHeads({ columns, drawn, template, width, onHold }: Props) {
  const widths = useWidths();
  return (
    <div role="rowgroup" className={classes.heads} style={{ width }}>
      <div role="row" aria-rowindex={1} className={classes.head} style={{ gridTemplateColumns: template }}>
        {drawn.map(({ name, index, track }) => (
          <ColumnHead key={name} column={name} index={index} track={track} columns={columns} width={widths.of(name)} onWidth={(w) => widths.set(name, w)} onHold={onHold} />
        ))}
      </div>
    </div>
  );
});
