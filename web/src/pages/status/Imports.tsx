import { Progress } from "@mantine/core";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { Surface } from "../../ui/Surface.tsx";
import classes from "./Status.module.css";
import { useImports } from "./useStatus.ts";

/** Events of archives that are in the index again; nothing when there are none. */
export function Imports() {
  const t = useT();
  const format = useFormat();
  const { data } = useImports();
  if (!data || data.length === 0) return null;
  return (
    <Surface className={classes.card} aria-label={t("status.imports")}>
      <h2 className={classes.title}>{t("status.imports")}</h2>
      <ul className={classes.entries}>
        {data.map((one) => (
          <li key={one.id}>
            <b>
              {one.trail} · {format.stamp(one.from)} – {format.stamp(one.to)}
            </b>
            <div className="dim">{t("status.importOf", { n: format.number(one.readObjects), all: format.number(one.ofObjects), events: format.number(one.events), until: format.stamp(one.until) })}</div>
            <Progress mt={6} value={one.done ? 100 : one.ofObjects > 0 ? (100 * one.readObjects) / one.ofObjects : 0} color={one.failed ? "red" : undefined} aria-label={t("status.importProgress")} />
            {one.lastError && <p className={classes.error}>{one.lastError}</p>}
          </li>
        ))}
      </ul>
    </Surface>
  );
}
