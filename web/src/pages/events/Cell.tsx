import { Tooltip } from "@mantine/core";
import { IconShieldQuestion } from "@tabler/icons-react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { Marked } from "../../ui/Marked.tsx";
import { isComposed } from "./columns.ts";
import classes from "./Cell.module.css";
import { actorOf, valuesAt, type Event } from "./event.ts";

/** A long value is cut here: the panel has it whole, and a row stays a row. */
const longest = 300;

/** What a column shows of an event. */
export function Cell({ event, column, words }: { event: Event; column: string; words: readonly string[] }) {
  const t = useT();
  const format = useFormat();
  const mark = (text: string) => <Marked text={text.slice(0, longest)} words={words} />;
  if (!isComposed(column)) return <span className="mono">{mark(shown(event, column, format.stamp))}</span>;
  switch (column) {
    case "time":
      return <span className="mono number">{format.stamp(event.eventTime)}</span>;
    case "actor":
      return (
        <>
          {mark(actorOf(event) || t("events.nobody"))}
          {event.userIdentity?.trust === "claimed" && (
            <Tooltip label={t("events.claimedHint")} multiline w={240}>
              <span className={classes.claimed}>
                <IconShieldQuestion size={14} aria-hidden /> {t("events.claimed")}
              </span>
            </Tooltip>
          )}
        </>
      );
    case "action":
      return (
        <>
          <span className={event.eventRW === "Write" ? classes.write : undefined}>{mark(event.eventName)}</span> <span className={classes.more}>{event.serviceName}</span>
        </>
      );
    case "resource":
      return event.resourceName ? (
        <>
          {mark(event.resourceName)} <span className={classes.more}>{event.resourceType?.split("::").at(-1)}</span>
        </>
      ) : null;
    case "ip":
      return <span className="mono">{mark(event.sourceIpAddress ?? "")}</span>;
    case "result":
      return event.errorCode ? (
        <span className={classes.failed} title={event.errorMessage}>
          {mark(event.errorCode)}
        </span>
      ) : (
        <span className={classes.ok}>{t("events.resultOk")}</span>
      );
  }
}

function shown(event: Event, field: string, stamp: (text: string) => string): string {
  const values = valuesAt(event, field);
  return (field.endsWith("Time") ? values.map(stamp) : values).join(", ");
}
