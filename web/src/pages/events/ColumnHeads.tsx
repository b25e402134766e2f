import { memo } from "react";
import { ColumnHead } from "./ColumnHead.tsx";
import classes from "./EventTable.module.css";
import { useWidths } from "./widths.ts";

/** The heads of all columns, which scrolling does not draw anew. template is that of the grid of a row, width in pixels. */
export const ColumnHeads = memo(function ColumnHeads({ columns, template, width }: { columns: readonly string[]; template: string; width: number }) {
  const widths = useWidths();
  return (
    <div role="rowgroup" className={classes.heads} style={{ width }}>
      <div role="row" aria-rowindex={1} className={classes.head} style={{ gridTemplateColumns: template }}>
        {columns.map((column) => (
          <ColumnHead key={column} column={column} columns={columns} width={widths.of(column)} onWidth={(w) => widths.set(column, w)} />
        ))}
      </div>
    </div>
  );
});
