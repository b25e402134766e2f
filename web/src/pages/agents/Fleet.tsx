import { Skeleton } from "@mantine/core";
import { IconServer2 } from "@tabler/icons-react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { EmptyNote } from "../../ui/EmptyNote.tsx";
import { Page } from "../../ui/Page.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { AgentRow } from "./AgentRow.tsx";
import { byNeed } from "./advice.ts";
import classes from "./Agents.module.css";
import { UnmappedOfAll } from "./Unmapped.tsx";
import { useAgents } from "./useAgents.ts";

/** Every agent in a line, those first that need somebody. */
export function Fleet() {
  const t = useT();
  const { data, error, refetch } = useAgents();
  return (
    <Page title={t("nav.agents")} detail={t("agents.detail")}>
      {error && <ProblemNote error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton height={160} />}
      {data?.length === 0 && <EmptyNote icon={<IconServer2 />} title={t("agents.none")} detail={t("agents.noneHint")} />}
      {data && data.length > 0 && (
        <Surface className={classes.sheet}>
          <div className={classes.scroll} tabIndex={0} role="region" aria-label={t("nav.agents")}>
            <table className={classes.table}>
              <thead>
                <tr>
                  <th>{t("agents.agent")}</th>
                  <th>{t("agents.state")}</th>
                  <th>{t("agents.lastSeen")}</th>
                  <th>{t("agents.source")}</th>
                  <th>{t("agents.lag")}</th>
                  <th>{t("agents.spool")}</th>
                  <th>{t("agents.gaps")}</th>
                  <th>{t("agents.unmapped")}</th>
                </tr>
              </thead>
              {byNeed(data).map((agent) => (
                <AgentRow key={`${agent.account} ${agent.agent}`} agent={agent} />
              ))}
            </table>
          </div>
        </Surface>
      )}
      <UnmappedOfAll />
    </Page>
  );
}
