import type { ReactNode } from "react";
import classes from "./Facts.module.css";

/** Figures side by side, each under its name; as many in a line as there is room for. */
export function Facts({ children, tight = false }: { children: ReactNode; tight?: boolean }) {
  return <dl className={classes.facts} data-tight={tight || undefined}>{children}</dl>;
}

/** One of them. `wide`: a text that wants a line of its own. */
export function Fact({ name, hint, wide = false, tone, children }: { name: string; hint?: string; wide?: boolean; tone?: "bad" | "warn"; children: ReactNode }) {
  return (
    <div className={classes.fact} data-wide={wide || undefined} data-tone={tone}>
      <dt title={hint}>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
