import { Text } from "@mantine/core";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { CopyBlock } from "../../ui/CopyBlock.tsx";
import { Surface } from "../../ui/Surface.tsx";
import classes from "./Agents.module.css";
import { Proposals } from "./Proposals.tsx";
import { useUnmapped } from "./useAgents.ts";

/** The requests of a source that no route names: the lines that are proposed for them, or how to come by some. */
export function Unmapped({ agent, source }: { agent: Schemas["AgentStatus"]; source: Schemas["AgentSource"] }) {
  const t = useT();
  const proposed = useUnmapped().data?.find((one) => one.account === agent.account && one.sources.includes(`${agent.agent}/${source.source}`));
  return (
    <>
      <h3 className={classes.inner}>{t("agents.routes")}</h3>
      <Text size="sm" mb={8}>
        {proposed ? t("agents.proposedHint") : t("agents.routesHint")}
      </Text>
      {proposed ? <Proposals of={proposed} /> : <CopyBlock name={t("agents.routes")} label={t("agents.routesCopy")} text={commandsFor(source)} />}
    </>
  );
}

/** The requests of the whole fleet that no route names. */
export function UnmappedOfAll() {
  const t = useT();
  const unmapped = useUnmapped().data ?? [];
  if (unmapped.length === 0) return null;
  return (
    <Surface className={`${classes.card} ${classes.below}`} aria-labelledby="unmapped">
      <div className={classes.head}>
        <h2 id="unmapped">{t("agents.unmappedTitle")}</h2>
      </div>
      <Text size="sm" mb={14} maw="100ch">
        {t("agents.proposedHint")}
      </Text>
      {unmapped.map((one) => (
        <Proposals key={`${one.account} ${one.mapper ?? ""} ${one.sources[0] ?? ""}`} of={one} />
      ))}
    </Surface>
  );
}

function commandsFor(source: Schemas["AgentSource"]): string {
  const format = source.recognised?.[0]?.format ?? "auto";
  return `actiontrail map learn access.log --name ${source.source} --format ${format} > ${source.source}.hcl\nactiontrail map test --config ${source.source}.hcl access.log`;
}
