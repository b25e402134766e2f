import { Button, Skeleton, Text } from "@mantine/core";
import { IconArrowUpRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { allOf } from "../../kql/write.ts";
import { useFormat } from "../../time/useFormat.ts";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { Surface } from "../../ui/Surface.tsx";
import type { Event } from "../events/event.ts";
import { Sentence } from "../events/Sentence.tsx";
import { usePages, type Asked } from "./asking.ts";
import classes from "./Changes.module.css";

const few = 15;

/** What was changed, newest first, each in a sentence: who, when, from where, and how it ended. */
export function Changes({ asked, title }: { asked: Asked; title: string }) {
  const t = useT();
  const format = useFormat();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = usePages({ ...asked, query: allOf([asked.query, "eventRW: Write"]) }, few);
  const events = data?.pages.flatMap((p) => p.events) ?? [];
  const total = data?.pages[0]?.total ?? 0;
  return (
    <Surface className={classes.changes} aria-label={title}>
      <h2 className={classes.title}>
        {title} {data && <span className="dim number">{format.number(total)}</span>}
      </h2>
      {error && <ProblemNote error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton height={160} />}
      {data && events.length === 0 && (
        <Text size="sm" className="dim">
          {t("investigate.changesNone")}
        </Text>
      )}
      <ol className={classes.line}>
        {events.map((event) => (
          <Change key={event.eventId} event={event} />
        ))}
      </ol>
      {hasNextPage && (
        <Button variant="default" mt="sm" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t("investigate.more")}
        </Button>
      )}
    </Surface>
  );
}

function Change({ event }: { event: Event }) {
  const t = useT();
  const format = useFormat();
  const at = format.stamp(event.eventTime);
  return (
    <li className={classes.change} data-failed={event.errorCode ? true : undefined}>
      <Link to="/" search={{ event: event.eventId, from: undefined, to: undefined }} className={`${classes.when} number`} title={t("investigate.event")} aria-label={`${t("investigate.event")}: ${event.eventName}, ${at}`}>
        {at.replace(/\.\d+$/, "")}
        <IconArrowUpRight size={14} aria-hidden />
      </Link>
      <Sentence event={event} />
    </li>
  );
}
