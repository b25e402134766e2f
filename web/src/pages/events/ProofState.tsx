import { Tooltip } from "@mantine/core";
import { IconClockShield, IconShieldCheck } from "@tabler/icons-react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import classes from "./EventPanel.module.css";
import { useProof } from "./proof.ts";

/** Whether an event is in an archive, in a word: the first thing that an auditor wants to know of it. */
export function ProofState({ id }: { id: string }) {
  const t = useT();
  const format = useFormat();
  const { data, error } = useProof(id);
  if (!data && !error) return <span className={classes.proof}>{t("events.sealAsking")}</span>;
  const hint = data ? t("events.sealInHint", { time: format.stamp(data.time), tab: t("events.panelProof") }) : error?.message;
  return (
    <Tooltip label={hint} multiline w={280}>
      <span className={classes.proof} data-sealed={data ? true : undefined} tabIndex={0}>
        {data ? <IconShieldCheck size={15} aria-hidden /> : <IconClockShield size={15} aria-hidden />}
        {data ? t("events.sealIn", { trail: data.trail, n: format.number(data.seal) }) : t("events.sealNot")}
      </span>
    </Tooltip>
  );
}
