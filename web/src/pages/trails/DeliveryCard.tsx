import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { Fact, Facts } from "../../ui/Facts.tsx";
import { StateMark } from "../../ui/StateMark.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { Backfills } from "./Backfills.tsx";
import { Receivers } from "./Receivers.tsx";
import { archives, toneOf } from "./state.ts";
import classes from "./Trails.module.css";
import { Witnesses } from "./Witnesses.tsx";

/** One delivery of a trail: how it fares, who is told of it, who keeps its checkpoints. */
export function DeliveryCard({ trail, delivery }: { trail: string; delivery: Schemas["Delivery"] }) {
  const t = useT();
  const format = useFormat();
  const since = (stamp: string | undefined) => (stamp ? <span title={format.stamp(stamp)}>{format.ago(new Date(stamp))}</span> : t("trails.notYet"));
  const rate = delivery.throughput;
  const archived = archives(delivery);
  return (
    <Surface className={classes.card} aria-labelledby={`delivery-${delivery.name}`}>
      <div className={classes.head}>
        <h2 id={`delivery-${delivery.name}`} className={classes.name}>
          {t("trails.delivery", { name: delivery.name })}
        </h2>
        <StateMark tone={toneOf[delivery.state]}>{t(`trails.state.${delivery.state}`)}</StateMark>
        <span className="dim">{delivery.target}</span>
      </div>
      <div style={{ height: 12 }} />
      <Facts tight>
        <Fact name={t("trails.lag")} hint={t("trails.lagHint")}>
          {delivery.lagBatches === 0 ? t("trails.lagNone") : format.duration(delivery.lagSeconds)}
        </Fact>
        <Fact name={t("trails.lastDelivery")}>{since(delivery.lastDelivery)}</Fact>
        {archived && (
          <>
            <Fact name={t("trails.lastSeal")} hint={t("trails.lastSealHint")}>
              {since(delivery.lastSeal)}
            </Fact>
            <Fact name={t("trails.pending")} hint={t("trails.pendingHint")}>
              {format.number(delivery.pendingEvents)}
            </Fact>
          </>
        )}
        <Fact name={t("trails.events")}>{format.number(delivery.events)}</Fact>
        {archived ? (
          <>
            <Fact name={t("trails.objects")}>{format.number(delivery.objects)}</Fact>
            <Fact name={t("trails.bytes")}>{format.bytes(delivery.bytes)}</Fact>
            {rate && <Fact name={t("trails.throughput")}>{t("trails.perSecond", { n: format.decimal(rate.eventsPerSecond), bytes: format.bytes(Math.round(rate.bytesPerSecond)) })}</Fact>}
          </>
        ) : (
          <>
            {rate && <Fact name={t("trails.throughput")}>{t("trails.eventsPerSecond", { n: format.decimal(rate.eventsPerSecond) })}</Fact>}
            <Fact name={t("trails.refused")} hint={t("trails.refusedHint")} tone={delivery.refusedEvents ? "bad" : undefined}>
              {format.number(delivery.refusedEvents ?? 0)}
            </Fact>
          </>
        )}
        {delivery.checkpointSeals !== undefined && <Fact name={t("trails.seals")}>{format.number(delivery.checkpointSeals)}</Fact>}
        {delivery.where && (
          <Fact wide name={t("trails.where")}>
            <code className={classes.code}>{delivery.where}</code>
          </Fact>
        )}
        {delivery.folder && delivery.folder !== delivery.target && (
          <Fact wide name={t("trails.folder")}>
            <span className="mono">{delivery.folder}</span>
          </Fact>
        )}
        {delivery.refusedFile && (
          <Fact wide name={t("trails.refusedFile")}>
            <span className="mono">{delivery.refusedFile}</span>
            {delivery.lastRefused && `: ${delivery.lastRefused}`}
          </Fact>
        )}
        {delivery.lastObject && (
          <Fact wide name={t("trails.lastObject")}>
            <span className="mono">{delivery.lastObject}</span>
          </Fact>
        )}
        {delivery.lastError && (
          <Fact wide name={delivery.lastErrorTime ? `${t("trails.lastError")}, ${format.ago(new Date(delivery.lastErrorTime))}` : t("trails.lastError")} tone={delivery.state === "failing" ? "bad" : undefined}>
            {delivery.lastError}
          </Fact>
        )}
      </Facts>
      {delivery.owedSince && (
        <p className={classes.note} data-tone="warn">
          {t("trails.owes", { batches: format.number(delivery.owedBatches ?? 0), events: format.number(delivery.owedEvents ?? 0), since: format.stamp(delivery.owedSince) })}
        </p>
      )}
      <Backfills all={delivery.backfills ?? []} />
      <Receivers trail={trail} all={delivery.notify ?? []} />
      <Witnesses all={delivery.witnesses ?? []} />
    </Surface>
  );
}
