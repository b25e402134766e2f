import { Fragment } from "react";
import classes from "./Json.module.css";

/** JSON in colours. The text is cut into tokens and set as text: markup in a value stays what it is. */
export function Json({ value }: { value: unknown }) {
  const text = JSON.stringify(value, null, 2);
  return (
    <pre className={classes.json} tabIndex={0} role="region" aria-label="JSON">
      {text.split(/("(?:[^"\\]|\\.)*"(?:\s*:)?|-?\d[\d.eE+-]*|true|false|null)/).map((part, i) => {
        const kind = i % 2 === 0 ? undefined : part.endsWith(":") ? classes.name : part.startsWith('"') ? classes.text : classes.other;
        return kind ? (
          <span key={i} className={kind}>
            {part}
          </span>
        ) : (
          <Fragment key={i}>{part}</Fragment>
        );
      })}
    </pre>
  );
}
