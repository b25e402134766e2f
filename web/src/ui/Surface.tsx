import type { ComponentPropsWithoutRef } from "react";
import classes from "./Surface.module.css";

/** A sheet that lies on the ground of a page. */
export function Surface({ className = "", ...rest }: ComponentPropsWithoutRef<"section">) {
  return <section className={`${classes.surface} ${className}`} {...rest} />;
}
