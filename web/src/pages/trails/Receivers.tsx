import { Button } from "@mantine/core";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import classes from "./Trails.module.css";
import { renotifyTrail, useTrailCall } from "./useTrails.ts";

/** Who is told of each object, and what they refused. */
export function Receivers({ trail, all }: { trail: string; all: readonly Schemas["NotifyStatus"][] }) {
  const t = useT();
  const format = useFormat();
  const again = useTrailCall<string>(renotifyTrail);
  if (all.length === 0) return null;
  const refused = all.reduce((sum, r) => sum + r.refused, 0);
  return (
    <>
      <h3 className={classes.inner}>{t("trails.receivers")}</h3>
      <ul className={classes.list}>
        {all.map((r) => (
          <li key={`${r.kind} ${r.target}`}>
            <div className={classes.line}>
              <b>
                {r.kind} · {r.target}
              </b>
              <span className="dim">{t("trails.sent", { n: format.number(r.sent), refused: format.number(r.refused) })}</span>
              {r.lastSent && <span className="dim">{format.ago(new Date(r.lastSent))}</span>}
            </div>
            {r.lastError && <p className={classes.bad}>{r.lastError}</p>}
          </li>
        ))}
      </ul>
      {again.error && <ProblemNote error={again.error} />}
      {refused > 0 && (
        <Button mt="xs" variant="default" loading={again.isPending} onClick={() => again.mutate(trail)}>
          {t("trails.renotify")}
        </Button>
      )}
    </>
  );
}
