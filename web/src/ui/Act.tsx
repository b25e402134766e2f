import type { ComponentProps } from "react";
import classes from "./Act.module.css";

interface Props extends ComponentProps<"button"> {
  /** What it does: its name, and its hint within Hints. */
  label: string;
}

/** A small button with an icon alone, for lists that have hundreds: an ActionIcon in a Tooltip takes twenty times as long to draw. */
export function Act({ label, className, ...rest }: Props) {
  return <button type="button" {...rest} className={className ? `${classes.act} ${className}` : classes.act} aria-label={label} data-hint />;
}
