import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { Surface } from "../../ui/Surface.tsx";
import { Spark } from "./Spark.tsx";
import classes from "./Status.module.css";
import type { Sample } from "./useStatus.ts";

/** Who takes from the stream, and how far each is behind, now and since the page was opened. */
export function Followers({ all, samples }: { all: readonly Schemas["FollowerStatus"][]; samples: readonly Sample[] }) {
  const t = useT();
  return (
    <Surface className={classes.card} aria-label={t("status.followers")}>
      <h2 className={classes.title}>{t("status.followers")}</h2>
      <ul className={classes.followers}>
        {all.map((follower) => (
          <Follower key={follower.name} follower={follower} lag={samples.map((s) => s.lag.get(follower.name) ?? 0)} />
        ))}
      </ul>
    </Surface>
  );
}

function Follower({ follower: f, lag }: { follower: Schemas["FollowerStatus"]; lag: readonly number[] }) {
  const t = useT();
  const format = useFormat();
  return (
    <li>
      <div className={classes.who}>
        <b>{f.name}</b>
        <span className="dim">{t(`status.kind.${f.kind}`)}</span>
      </div>
      <Spark label={t("status.lagGraph", { name: f.name })} values={lag} />
      <div className="number">
        <span data-behind={f.lagSeconds >= 60 || undefined}>{f.lagBatches === 0 ? t("status.lagNone") : t("status.lagOf", { time: format.duration(f.lagSeconds), n: format.number(f.lagBatches) })}</span>
        <div className="dim">{t("status.lagMost", { time: format.duration(Math.max(0, ...lag)) })}</div>
      </div>
      {f.lastError && <p className={classes.error}>{f.lastError}</p>}
    </li>
  );
}
