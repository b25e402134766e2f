import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { StateMark, type Tone } from "../../ui/StateMark.tsx";
import { adviceOf, isBad, spoolIsFull } from "./advice.ts";
import classes from "./Agents.module.css";

export const toneOf: Record<Schemas["AgentState"], Tone> = { live: "good", silent: "bad", neverSeen: "warn", stopped: "quiet" };

/** An agent, a line for each of its sources, and below them what is to be done. */
export function AgentRow({ agent }: { agent: Schemas["AgentStatus"] }) {
  const t = useT();
  const format = useFormat();
  const advice = adviceOf(agent);
  const lines: (Schemas["AgentSource"] | undefined)[] = agent.sources.length > 0 ? agent.sources : [undefined];
  return (
    <tbody>
      {lines.map((source, i) => (
        <tr key={source?.source ?? ""}>
          {i === 0 && (
            <>
              <td rowSpan={lines.length}>
                <Link to="/agents" search={{ agent: agent.agent, account: agent.account }} className={classes.name}>
                  {agent.agent}
                </Link>
                <div className="dim">
                  {agent.account}
                  {agent.version && ` · ${agent.version}`}
                </div>
              </td>
              <td rowSpan={lines.length} data-name={t("agents.state")}>
                <StateMark tone={toneOf[agent.state]}>{t(`agents.state.${agent.state}`)}</StateMark>
              </td>
              <td rowSpan={lines.length} data-name={t("agents.lastSeen")}>{agent.lastSeen ? <span title={format.stamp(agent.lastSeen)}>{format.ago(new Date(agent.lastSeen))}</span> : t("agents.never")}</td>
            </>
          )}
          {source ? (
            <>
              <td data-name={t("agents.source")}>
                {source.source} {source.state !== agent.state && <StateMark tone={toneOf[source.state]}>{t(`agents.state.${source.state}`)}</StateMark>}
                {source.failing && <StateMark tone="bad">{t("agents.failing")}</StateMark>}
              </td>
              <td data-name={t("agents.lag")}>{source.lagBytes === 0 && source.lagSeconds < 1 ? t("agents.lagNone") : `${format.bytes(source.lagBytes)} · ${format.duration(source.lagSeconds)}`}</td>
              <td data-name={t("agents.spool")} data-tone={spoolIsFull(source) ? "warn" : undefined}>{format.percent(source.spool.maxBytes > 0 ? source.spool.bytes / source.spool.maxBytes : 0)}</td>
              <td data-name={t("agents.gaps")} data-tone={source.gaps + source.sourceGaps > 0 ? "bad" : undefined}>{format.number(source.gaps + source.sourceGaps)}</td>
              <td data-name={t("agents.unmapped")}>{format.percent(source.unmappedRate)}</td>
            </>
          ) : (
            <td colSpan={5} className="dim">
              {t("agents.noSource")}
            </td>
          )}
        </tr>
      ))}
      {advice.length > 0 && (
        <tr className={classes.advice}>
          <td colSpan={8}>
            {advice.slice(0, 3).map((one) => (
              <p key={one} data-bad={isBad(one) || undefined}>
                <b>{t(`agents.is.${one}`)}</b> {t(`agents.do.${one}`)}
              </p>
            ))}
          </td>
        </tr>
      )}
    </tbody>
  );
}
