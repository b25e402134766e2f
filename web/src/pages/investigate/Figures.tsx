import { Skeleton } from "@mantine/core";
import type { ReactNode } from "react";
import { Surface } from "../../ui/Surface.tsx";
import classes from "./Figures.module.css";

export interface Figure {
  name: string;
  /** undefined: it is not known yet. */
  value: ReactNode;
  detail?: string;
  bad?: boolean;
}

/** A row of figures with their names. */
export function Figures({ label, figures, flat = false }: { label: string; figures: readonly Figure[]; flat?: boolean }) {
  const list = (
    <dl className={classes.figures}>
      {figures.map(({ name, value, detail, bad }) => (
        <div key={name} className={classes.figure}>
          <dt>{name}</dt>
          <dd data-bad={bad || undefined}>
            {value === undefined ? <Skeleton height={22} width={90} /> : <b className="number">{value}</b>}
            {detail && <span className="dim number">{detail}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
  return flat ? list : <Surface aria-label={label}>{list}</Surface>;
}
