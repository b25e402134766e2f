import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { addressOf } from "./address.ts";
import classes from "./SubjectLink.module.css";
import type { Kind } from "./subject.ts";

/** Leads to the page of an actor, a key, an address or a resource. */
export function SubjectLink({ kind, value, range, children }: { kind: Kind; value: string; range?: { from?: string; to?: string }; children?: ReactNode }) {
  return (
    <Link to="/investigate" search={addressOf(kind, value, range)} className={classes.link}>
      {children ?? value}
    </Link>
  );
}
