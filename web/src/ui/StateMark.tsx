import classes from "./StateMark.module.css";

/** How well something is: colour is never all that tells it. */
export type Tone = "good" | "warn" | "bad" | "quiet";

/** The state of a thing in a word. */
export function StateMark({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className={classes.mark} data-tone={tone}>
      {children}
    </span>
  );
}
