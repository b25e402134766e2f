import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import classes from "./Trails.module.css";

/** Where checkpoints of the archive are kept besides. */
export function Witnesses({ all }: { all: readonly Schemas["WitnessStatus"][] }) {
  const t = useT();
  const format = useFormat();
  if (all.length === 0) return null;
  return (
    <>
      <h3 className={classes.inner}>{t("trails.witnesses")}</h3>
      <ul className={classes.list}>
        {all.map((w) => (
          <li key={w.name}>
            <div className={classes.line}>
              <b>
                {w.name} · {w.target}
              </b>
              <span className="dim">{t("trails.witnessHas", { n: format.number(w.seals) })}</span>
              {w.cosignedAt && <span className="dim">{t("trails.cosigned", { when: format.stamp(w.cosignedAt) })}</span>}
            </div>
            {w.conflict && <p className={classes.bad}>{t("trails.conflict", { what: w.conflict })}</p>}
            {w.lastError && <p className={classes.bad}>{w.lastError}</p>}
          </li>
        ))}
      </ul>
    </>
  );
}
