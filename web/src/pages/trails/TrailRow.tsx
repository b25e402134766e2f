import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { Fact, Facts } from "../../ui/Facts.tsx";
import { StateMark } from "../../ui/StateMark.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { lastObjectOf, throughputOf, toneOf } from "./state.ts";
import classes from "./Trails.module.css";

/** A trail in the list. */
export function TrailRow({ trail }: { trail: Schemas["TrailStatus"] }) {
  const t = useT();
  const format = useFormat();
  const rate = throughputOf(trail);
  const object = lastObjectOf(trail);
  return (
    <Surface className={classes.card} aria-labelledby={`trail-${trail.name}`}>
      <div className={classes.head}>
        <h2 id={`trail-${trail.name}`} className={classes.name}>
          <Link to="/trails" search={{ trail: trail.name }}>
            {trail.name}
          </Link>
        </h2>
        <StateMark tone={toneOf[trail.state]}>{t(`trails.state.${trail.state}`)}</StateMark>
        <span className="dim">{trail.deliver.map((d) => `${d.name} → ${d.target}`).join(" · ")}</span>
      </div>
      <p className={classes.where}>{trail.where ? <code>{trail.where}</code> : t("trails.whereAll")}</p>
      <Facts tight>
        <Fact name={t("trails.lag")} hint={t("trails.lagHint")}>
          {trail.lagBatches === 0 ? t("trails.lagNone") : format.duration(trail.lagSeconds)}
        </Fact>
        <Fact name={t("trails.lastDelivery")}>{trail.lastDelivery ? <span title={format.stamp(trail.lastDelivery)}>{format.ago(new Date(trail.lastDelivery))}</span> : t("trails.notYet")}</Fact>
        <Fact name={t("trails.throughput")}>{t("trails.perSecond", { n: format.decimal(rate.events), bytes: format.bytes(Math.round(rate.bytes)) })}</Fact>
        <Fact name={t("trails.events")}>{format.number(trail.events)}</Fact>
        <Fact name={t("trails.objects")}>{format.number(trail.objects)}</Fact>
        <Fact name={t("trails.bytes")}>{format.bytes(trail.bytes)}</Fact>
        {object && (
          <Fact wide name={t("trails.lastObject")}>
            <span className="mono">{object}</span>
          </Fact>
        )}
        {trail.lastError && (
          <Fact wide name={trail.lastErrorTime ? `${t("trails.lastError")}, ${format.ago(new Date(trail.lastErrorTime))}` : t("trails.lastError")} tone={trail.state === "failing" ? "bad" : undefined}>
            {trail.lastError}
          </Fact>
        )}
      </Facts>
    </Surface>
  );
}
