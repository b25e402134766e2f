import { Progress } from "@mantine/core";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import classes from "./Trails.module.css";

/** What was asked for of earlier times, and how far it is. */
export function Backfills({ all }: { all: readonly Schemas["BackfillStatus"][] }) {
  const t = useT();
  const format = useFormat();
  if (all.length === 0) return null;
  return (
    <>
      <h3 className={classes.inner}>{t("trails.backfills")}</h3>
      <ul className={classes.list}>
        {all.map((b) => (
          <li key={b.id}>
            <div className={classes.line}>
              <b className="number">
                {format.stamp(b.from)} – {format.stamp(b.to)}
              </b>
              <span className="dim" role="status">
                {b.failed ? t("trails.backfillFailed") : b.done ? t("trails.backfillDone", { n: format.number(b.events) }) : t("trails.backfillGoing", { part: format.percent(b.progress), n: format.number(b.events) })}
              </span>
              {b.archive && <span className="dim">{t("trails.backfillFrom", { place: b.archive })}</span>}
            </div>
            <Progress mt={8} value={100 * b.progress} color={b.failed ? "red" : undefined} aria-label={t("trails.backfillProgress")} />
            {b.lastError && <p className={classes.bad}>{b.lastError}</p>}
          </li>
        ))}
      </ul>
    </>
  );
}
