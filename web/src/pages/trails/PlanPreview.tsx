import { IconScale } from "@tabler/icons-react";
import type { CSSProperties } from "react";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { EmptyNote } from "../../ui/EmptyNote.tsx";
import { Fact, Facts } from "../../ui/Facts.tsx";
import { Surface } from "../../ui/Surface.tsx";
import classes from "./Trails.module.css";

/** What the trail would have had of the last 7 days, and what it comes to. */
export function PlanPreview({ plan }: { plan: Schemas["Plan"] | undefined }) {
  const t = useT();
  const format = useFormat();
  const trail = plan?.trails[0];
  if (!plan || !trail) {
    return (
      <Surface aria-label={t("trails.planTitle")}>
        <EmptyNote icon={<IconScale />} title={t("trails.planNone")} detail={t("trails.planNoneHint")} />
      </Surface>
    );
  }
  const most = Math.max(1, ...trail.byDay);
  const text = (event: Record<string, unknown>, field: string) => (typeof event[field] === "string" ? event[field] : "");
  return (
    <Surface className={classes.card} aria-label={t("trails.planTitle")}>
      <h2 className={classes.name}>{t("trails.planTitle")}</h2>
      <p className={classes.where} role="status">
        {trail.change === "keep" ? t("trails.planKeep") : t("trails.planMatches", { n: format.number(trail.events), all: format.number(trail.of) })}
        {trail.change === "update" && ` ${t("trails.planGains", { gains: format.number(trail.gains), loses: format.number(trail.loses) })}`}
        {trail.untaken ? ` ${t("trails.planUntaken", { n: format.number(trail.untaken) })}` : ""}
      </p>
      {trail.change !== "keep" && (
        <>
          <ol className={classes.days} aria-label={t("trails.planDays")}>
            {trail.byDay.map((n, i) => (
              <li key={i} style={{ "--share": n / most } as CSSProperties}>
                <span>{format.short(n)}</span>
                <i />
                <span>{format.date(new Date(Date.parse(plan.to) - (trail.byDay.length - 1 - i) * 86_400_000)).slice(5)}</span>
              </li>
            ))}
          </ol>
          <Facts tight>
            <Fact name={t("trails.planEvents")}>{format.number(Math.round(trail.eventsADay))}</Fact>
            <Fact name={t("trails.planLines")}>{format.bytes(Math.round(trail.lineBytesADay))}</Fact>
            <Fact name={t("trails.planStored")}>{format.bytes(Math.round(trail.storedBytesADay))}</Fact>
            <Fact name={t("trails.planYear")} hint={t("trails.planYearHint")}>
              {format.bytes(Math.round(365 * trail.storedBytesADay))}
            </Fact>
            {trail.deliver.map((d) => (
              <Fact key={d.name} name={t("trails.planObjects", { name: d.name })}>
                {format.number(Math.round(d.objectsADay))}
              </Fact>
            ))}
          </Facts>
        </>
      )}
      {trail.sample.length > 0 && (
        <>
          <h3 className={classes.inner}>{t("trails.planSample")}</h3>
          <ul className={classes.sample}>
            {trail.sample.map((event) => (
              <li key={text(event, "eventId")}>
                <span className="dim number">{format.stamp(text(event, "eventTime"))}</span> <b>{text(event, "eventName")}</b> {text(event, "sourceIpAddress")}
              </li>
            ))}
          </ul>
        </>
      )}
      {plan.incomplete.map((why) => (
        <p key={why} className={classes.bad}>
          {why}
        </p>
      ))}
    </Surface>
  );
}
