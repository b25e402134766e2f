import { Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconClock } from "@tabler/icons-react";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import classes from "./Integrity.module.css";
import { standing } from "./standing.ts";

const icons = { conflict: IconAlertTriangle, failing: IconAlertTriangle, behind: IconClock, none: IconClock, current: IconCheck } as const;

/** Where the checkpoints of an archive are kept besides, and whether the newest is there. */
export function Witnesses({ delivery }: { delivery: Schemas["Delivery"] }) {
  const t = useT();
  const format = useFormat();
  const witnesses = delivery.witnesses ?? [];
  return (
    <div className={classes.witnesses}>
      <h3 className={classes.sub}>{t("integrity.witnesses")}</h3>
      {witnesses.length === 0 && (
        <Text size="sm" className="dim">
          {t("integrity.witnessesNone")}
        </Text>
      )}
      <ul>
        {witnesses.map((w) => {
          const state = standing(w, delivery.checkpointSeals ?? 0);
          const Icon = icons[state];
          const at = w.cosignedAt ?? w.keptAt;
          return (
            <li key={w.name} className={classes.witness} data-state={state}>
              <Icon size={15} aria-hidden />
              <b>{w.name}</b>
              <span className="mono dim">{w.target}</span>
              <span className={classes.standing}>
                {t(`integrity.witness.${state}`, { n: format.number(w.seals) })}
                {at && <span className="dim number"> · {t(w.cosignedAt ? "integrity.cosigned" : "integrity.kept", { time: format.time(new Date(at)) })}</span>}
              </span>
              {(w.conflict ?? w.lastError) && <div className={classes.why}>{w.conflict ?? w.lastError}</div>}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
