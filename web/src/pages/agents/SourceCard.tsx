import { Group } from "@mantine/core";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { Fact, Facts } from "../../ui/Facts.tsx";
import { LinkButton } from "../../ui/LinkButton.tsx";
import { StateMark } from "../../ui/StateMark.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { spoolIsFull } from "./advice.ts";
import { toneOf } from "./AgentRow.tsx";
import classes from "./Agents.module.css";
import { Unmapped } from "./Unmapped.tsx";

const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

/** One source of an agent: how far it is, what it could not do, and how its requests get names. */
export function SourceCard({ agent, source }: { agent: Schemas["AgentStatus"]; source: Schemas["AgentSource"] }) {
  const t = useT();
  const format = useFormat();
  const query = `origin.agent: ${quoted(agent.agent)} and origin.source: ${quoted(source.source)}`;
  const { spool } = source;
  return (
    <Surface className={classes.card} aria-labelledby={`source-${source.source}`}>
      <div className={classes.head}>
        <h2 id={`source-${source.source}`}>{t("agents.sourceTitle", { name: source.source })}</h2>
        <StateMark tone={toneOf[source.state]}>{t(`agents.state.${source.state}`)}</StateMark>
        {source.failing && <StateMark tone="bad">{t("agents.failing")}</StateMark>}
      </div>
      <Facts tight>
        <Fact name={t("agents.lagBytes")}>{format.bytes(source.lagBytes)}</Fact>
        <Fact name={t("agents.lagSeconds")} hint={t("agents.lagHint")}>
          {format.duration(source.lagSeconds)}
        </Fact>
        <Fact name={t("agents.spool")} hint={t("agents.spoolHint")} tone={spoolIsFull(source) ? "warn" : undefined}>
          {t("agents.spoolOf", { n: format.bytes(spool.bytes), all: format.bytes(spool.maxBytes) })}
        </Fact>
        <Fact name={t("agents.events")}>{format.number(source.events)}</Fact>
        <Fact name={t("agents.published")} hint={t("agents.publishedHint")}>
          {format.number(source.published)}
        </Fact>
        <Fact name={t("agents.gapsStream")} tone={source.gaps > 0 ? "bad" : undefined}>
          {format.number(source.gaps)}
        </Fact>
        <Fact name={t("agents.gapsSource")} tone={source.sourceGaps > 0 ? "bad" : undefined}>
          {format.number(source.sourceGaps)}
        </Fact>
        <Fact name={t("agents.ignored")} hint={t("agents.ignoredHint")}>
          {format.number(source.ignored)}
        </Fact>
        <Fact name={t("agents.unparsed")} tone={source.unparsed > 0 ? "warn" : undefined}>
          {format.number(source.unparsed)}
        </Fact>
        <Fact name={t("agents.unmapped")}>{`${format.number(source.unmapped)} · ${format.percent(source.unmappedRate)}`}</Fact>
        <Fact name={t("agents.quarantined")} tone={source.quarantined > 0 ? "warn" : undefined}>
          {format.number(source.quarantined)}
        </Fact>
        {source.recognised?.map((r) => (
          <Fact key={r.format} name={t("agents.recognised")} hint={r.why}>
            {`${r.format} · ${format.number(r.records)}`}
          </Fact>
        ))}
        {source.lastError && (
          <Fact wide name={source.lastErrorTime ? `${t("agents.lastError")}, ${format.ago(new Date(source.lastErrorTime))}` : t("agents.lastErrorLasts")} tone={source.failing ? "bad" : undefined}>
            {source.lastError}
          </Fact>
        )}
      </Facts>
      {source.warnings.length > 0 && (
        <>
          <h3 className={classes.inner}>{t("agents.warnings")}</h3>
          <ul className={classes.list}>
            {source.warnings.map((w) => (
              <li key={w}>{w}</li>
            ))}
          </ul>
        </>
      )}
      {source.unmapped > 0 && <Unmapped agent={agent} source={source} />}
      <Group gap="xs" mt="md">
        <LinkButton to="/" search={{ q: query, reads: "1" }} variant="default">
          {t("agents.eventsOf")}
        </LinkButton>
        {source.unmapped > 0 && (
          <LinkButton to="/" search={{ q: query, reads: "1", by: "eventName" }} variant="default">
            {t("agents.eventsByName")}
          </LinkButton>
        )}
        {source.unparsed > 0 && (
          <LinkButton to="/" search={{ q: `${query} and eventName: Unparsed`, reads: "1" }} variant="default">
            {t("agents.eventsUnparsed")}
          </LinkButton>
        )}
        {source.sourceGaps > 0 && (
          <LinkButton to="/" search={{ q: "eventName: SourceGap", reads: "1" }} variant="default">
            {t("agents.eventsGaps")}
          </LinkButton>
        )}
      </Group>
    </Surface>
  );
}
