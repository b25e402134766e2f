import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { unitsOf } from "../../kql/points.ts";
import classes from "./QueryBar.module.css";

/** What the server says of a query that is typed: its mistake and where, or what is probably meant otherwise. */
export function Mistake({ text, check }: { text: string; check: Schemas["QueryCheck"] }) {
  const t = useT();
  const told = check.error ? [check.error] : (check.warnings ?? []);
  return told.map((m) => (
    <div key={m.detail} role="alert" className={classes.mistake} data-mild={check.error ? undefined : true}>
      <span>
        {m.detail}
        {m.position !== undefined && ` · ${t("events.mistakeAt", { n: unitsOf(text, m.position) + 1 })}`}
      </span>
      {m.hint && <span className={classes.hint}>{m.hint}</span>}
    </div>
  ));
}
