import { Button, Group, Text } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconPlayerPlayFilled } from "@tabler/icons-react";
import { Problem } from "../../api/problem.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { EmptyNote } from "../../ui/EmptyNote.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import type { Event } from "./event.ts";
import { EventTable } from "./EventTable.tsx";
import classes from "./Events.module.css";
import { useTail } from "./useTail.ts";

interface Props {
  query: string;
  columns: readonly string[];
  words: readonly string[];
  /** Is told what was opened by hand: a search need not find it yet. */
  onOpened: (event: Event) => void;
}

/** The same search, live: what comes from now on, the newest on top. */
export default function Tail({ query, columns, words, onOpened }: Props) {
  const t = useT();
  const format = useFormat();
  const tail = useTail(query);
  const wrong = tail.lost instanceof Problem && !tail.lost.passing;
  const state = tail.paused ? t("events.tailPaused", { n: format.number(tail.waiting.length) }) : t("events.tailLive", { n: format.number(tail.came) });
  return (
    <>
      <Group className={classes.summary} gap="sm">
        <Text size="sm" role="status" className="number">
          <span className={classes.pulse} data-paused={tail.paused || tail.lost !== null || undefined} aria-hidden />
          {tail.lost && !wrong ? t("events.tailLost") : state}
        </Text>
        {tail.missed && (
          <Text size="sm" className={classes.warn}>
            {tail.missed.events === undefined ? t("events.tailMissedSome") : t("events.tailMissed", { n: format.number(tail.missed.events) })}
          </Text>
        )}
        <Group gap={6} ml="auto">
          <Button variant="default" onClick={tail.clear}>
            {t("events.tailClear")}
          </Button>
          <Button leftSection={tail.paused ? <IconPlayerPlay size={15} aria-hidden /> : <IconPlayerPause size={15} aria-hidden />} onClick={tail.pause}>
            {tail.paused ? t("events.tailGo") : t("events.tailPause")}
          </Button>
        </Group>
      </Group>
      {wrong && <ProblemNote error={tail.lost} />}
      {!wrong && tail.shown.length === 0 && <EmptyNote icon={<IconPlayerPlayFilled />} title={t("events.tailWaiting")} detail={t("events.tailWaitingHint")} />}
      {tail.shown.length > 0 && <EventTable events={tail.shown} columns={columns} words={words} sealed={null} onOpened={onOpened} />}
    </>
  );
}
