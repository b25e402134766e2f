import { Button, CopyButton, Skeleton, Tabs, Text } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconArrowsDiff, IconCheck, IconChevronDown, IconChevronUp, IconLink, IconX } from "@tabler/icons-react";
import { memo, useDeferredValue, useState } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { Act } from "../../ui/Act.tsx";
import { Hints } from "../../ui/Hints.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { SubjectLink } from "../investigate/SubjectLink.tsx";
import { rangeAround } from "../investigate/subject.ts";
import { Compare } from "./Compare.tsx";
import type { Event } from "./event.ts";
import classes from "./EventPanel.module.css";
import { FieldTable } from "./FieldTable.tsx";
import { Json } from "./Json.tsx";
import { Neighbours } from "./Neighbours.tsx";
import { Origin } from "./Origin.tsx";
import { ProofState } from "./ProofState.tsx";
import { Sentence } from "./Sentence.tsx";
import { useEvent } from "./useEvents.ts";

interface Props {
  id: string;
  known: Event | undefined;
  words: readonly string[];
  onClose: () => void;
  /** Opens the next (1) or the previous (-1) event; undefined where there is none. */
  onStep: ((by: 1 | -1) => void) | undefined;
  onOpen: (id: string) => void;
  compared: Event | null;
  onCompare: (event: Event | null) => void;
}

/** One event in full, beside the table: what happened at once, all of its fields right behind. */
export default function EventPanel({ id, known, words, onClose, onStep, onOpen, compared, onCompare }: Props) {
  const t = useT();
  const format = useFormat();
  const [opened] = useState(() => Date.now());
  const { copied, copy } = useClipboard({ timeout: 1000 });
  const { data: event, error, refetch } = useEvent(id, known);
  const detailed = useDeferredValue<Event | null>(event ?? null, null);
  const step = (by: 1 | -1, label: string, icon: React.ReactNode) => (
    <Act className={classes.tool} label={label} disabled={!onStep} onClick={() => onStep?.(by)}>
      {icon}
    </Act>
  );
  return (
    <aside className={classes.panel} aria-label={t("events.panel")}>
      <Hints className={classes.head}>
        <h2 className={classes.title}>{event?.eventName ?? t("events.panel")}</h2>
        {event && (
          <Act className={classes.tool} label={compared ? t("events.compareStop") : t("events.compareWith")} aria-pressed={compared !== null} onClick={() => onCompare(compared ? null : event)}>
            <IconArrowsDiff size={17} />
          </Act>
        )}
        <Act className={classes.tool} label={t("events.panelLink")} onClick={() => copy(`${location.origin}/?event=${encodeURIComponent(id)}`)}>
          {copied ? <IconCheck size={17} /> : <IconLink size={17} />}
        </Act>
        {step(-1, t("events.panelPrevious"), <IconChevronUp size={17} />)}
        {step(1, t("events.panelNext"), <IconChevronDown size={17} />)}
        <Act className={classes.tool} label={t("close")} onClick={onClose}>
          <IconX size={17} />
        </Act>
      </Hints>
      <div className={classes.body} role="region" aria-label={t("events.panel")} tabIndex={0}>
        {error && <ProblemNote error={error} again={() => void refetch()} />}
        {!event && !error && <Skeleton height={120} />}
        {event && compared && compared.eventId !== event.eventId && <Compare first={compared} second={event} />}
        {event && compared?.eventId === event.eventId && (
          <Text className={classes.note} size="sm">
            {t("events.compareHint")}
          </Text>
        )}
        {event && (!compared || compared.eventId === event.eventId) && (
          <>
            <Sentence event={event} />
            <Text size="sm" className="dim number" mt={6} mb="sm">
              {format.stamp(event.eventTime)} {format.offset(new Date(event.eventTime))}
              {event.userIdentity?.accessKeyId && (
                <>
                  {" · "}
                  {t("events.nearKey")} <span className="mono"><SubjectLink kind="key" value={event.userIdentity.accessKeyId} range={rangeAround(event.eventTime, opened)} /></span>
                </>
              )}
            </Text>
            <ProofState id={event.eventId} />
            {detailed && <Details event={detailed} words={words} onOpen={onOpen} />}
          </>
        )}
      </div>
    </aside>
  );
}

/** All that is known of an event, of which one part is shown. */
const Details = memo(function Details({ event, words, onOpen }: { event: Event; words: readonly string[]; onOpen: (id: string) => void }) {
  const t = useT();
  return (
    <Tabs defaultValue="fields" keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="fields">{t("events.panelTable")}</Tabs.Tab>
        <Tabs.Tab value="json">{t("events.panelJson")}</Tabs.Tab>
        <Tabs.Tab value="near">{t("events.panelNear")}</Tabs.Tab>
        <Tabs.Tab value="origin">{t("events.panelProof")}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="fields" pt="sm">
        <FieldTable event={event} words={words} />
      </Tabs.Panel>
      <Tabs.Panel value="json" pt="sm">
        <CopyButton value={JSON.stringify(event, null, 2)}>
          {({ copied, copy }) => (
            <Button variant="default" mb="xs" onClick={copy}>
              {copied ? t("copied") : t("copy")}
            </Button>
          )}
        </CopyButton>
        <Json value={event} />
      </Tabs.Panel>
      <Tabs.Panel value="near" pt="sm">
        <Neighbours event={event} onOpen={onOpen} />
      </Tabs.Panel>
      <Tabs.Panel value="origin" pt="sm">
        <Origin event={event} />
      </Tabs.Panel>
    </Tabs>
  );
});
