import { Skeleton, Stack } from "@mantine/core";
import { IconArrowLeft, IconServer2 } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { EmptyNote } from "../../ui/EmptyNote.tsx";
import { Fact, Facts } from "../../ui/Facts.tsx";
import { Page } from "../../ui/Page.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { StateMark } from "../../ui/StateMark.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { adviceOf, isBad } from "./advice.ts";
import { toneOf } from "./AgentRow.tsx";
import classes from "./Agents.module.css";
import { SourceCard } from "./SourceCard.tsx";
import { useAgents } from "./useAgents.ts";

/** All that is known of an agent. */
export function AgentDetail({ agent: name, account }: { agent: string; account: string | undefined }) {
  const t = useT();
  const format = useFormat();
  const { data, error, refetch } = useAgents();
  const agent = data?.find((one) => one.agent === name && (!account || one.account === account));
  const advice = agent ? adviceOf(agent) : [];
  return (
    <Page title={name}>
      <Link to="/agents" search={{}} className={classes.back}>
        <IconArrowLeft size={15} aria-hidden /> {t("agents.all")}
      </Link>
      {error && <ProblemNote error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton height={200} />}
      {data && !agent && <EmptyNote icon={<IconServer2 />} title={t("agents.gone", { name })} detail={t("agents.goneHint")} />}
      {agent && (
        <Stack gap="sm">
          <Surface className={classes.card} aria-label={t("agents.about")}>
            <Facts>
              <Fact name={t("agents.state")}>
                <StateMark tone={toneOf[agent.state]}>{t(`agents.state.${agent.state}`)}</StateMark>
              </Fact>
              <Fact name={t("agents.account")}>{agent.account}</Fact>
              <Fact name={t("agents.version")}>{agent.version ?? t("agents.unknown")}</Fact>
              <Fact name={t("agents.lastSeen")}>{agent.lastSeen ? <span title={format.stamp(agent.lastSeen)}>{format.ago(new Date(agent.lastSeen))}</span> : t("agents.never")}</Fact>
              {agent.startedAt && <Fact name={t("agents.started")}>{format.time(new Date(agent.startedAt))}</Fact>}
              {agent.clockOffsetSeconds !== undefined && <Fact name={t("agents.clock")}>{Math.abs(agent.clockOffsetSeconds) < 1 ? t("agents.clockRight") : format.duration(agent.clockOffsetSeconds)}</Fact>}
              {agent.refusedReports > 0 && (
                <Fact name={t("agents.refused")} tone="bad">
                  {format.number(agent.refusedReports)}
                </Fact>
              )}
            </Facts>
            {agent.warnings.length > 0 && (
              <>
                <h2 className={classes.inner}>{t("agents.warnings")}</h2>
                <ul className={classes.list}>
                  {agent.warnings.map((w) => (
                    <li key={w}>{w}</li>
                  ))}
                </ul>
              </>
            )}
          </Surface>
          {advice.map((one) => (
            <p key={one} className={classes.do} data-bad={isBad(one) || undefined}>
              <b>{t(`agents.is.${one}`)}</b> {t(`agents.do.${one}`)}
            </p>
          ))}
          {agent.sources.map((source) => (
            <SourceCard key={source.source} agent={agent} source={source} />
          ))}
        </Stack>
      )}
    </Page>
  );
}
