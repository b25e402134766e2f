import { Button, Group, Skeleton, Text } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { EmptyNote } from "../../ui/EmptyNote.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { Entry } from "./Entry.tsx";
import classes from "./Status.module.css";
import { useQuarantine, useRetry } from "./useQuarantine.ts";

/** What could not be taken, why, and taking it in again. */
export function Quarantine() {
  const t = useT();
  const { data, error, refetch } = useQuarantine();
  const { answers, pending, retry } = useRetry();
  if (error) return <ProblemNote error={error} again={() => void refetch()} />;
  if (!data) return <Skeleton height={160} />;
  const waiting = data.entries.filter((e) => !e.takenIn).map((e) => e.id);
  if (data.entries.length === 0) return <EmptyNote icon={<IconShieldCheck />} title={t("status.quarantineNone")} detail={t("status.quarantineNoneHint")} />;
  return (
    <Surface className={classes.card} aria-label={t("status.quarantine")}>
      <Group justify="space-between" mb="sm">
        <Text className="dim" maw={640}>
          {t("status.quarantineHint")}
        </Text>
        {waiting.length > 0 && (
          <Button loading={pending} onClick={() => retry(waiting)}>
            {t("status.retryAll", { n: waiting.length })}
          </Button>
        )}
      </Group>
      <ul className={classes.entries}>
        {data.entries.map((entry) => (
          <Entry key={entry.id} entry={entry} answer={answers.get(entry.id)} pending={pending} onRetry={() => retry([entry.id])} />
        ))}
      </ul>
    </Surface>
  );
}
