import { Tooltip } from "@mantine/core";
import { IconShieldCheck, IconShieldQuestion } from "@tabler/icons-react";
import { Fragment, useState, type ReactNode } from "react";
import type { Key } from "../../i18n/dictionary.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { SubjectLink } from "../investigate/SubjectLink.tsx";
import { rangeAround, subjectsOf, type Kind } from "../investigate/subject.ts";
import { actorOf, type Event } from "./event.ts";
import classes from "./EventPanel.module.css";

const hows: Record<string, Key> = { ApiCall: "events.sentenceApi", ConsoleOperation: "events.sentenceConsole", ConsoleSignin: "events.sentenceSignin" };
const trusts: Record<string, { word: Key; hint: Key }> = {
  verified: { word: "events.trustVerified", hint: "events.verifiedHint" },
  claimed: { word: "events.trustClaimed", hint: "events.claimedHint" },
  none: { word: "events.trustNone", hint: "events.noneTrustHint" },
};

/** What happened, in a sentence: who did what, on what, from where, how, and how it ended. Who, what and where lead to their own pages. */
export function Sentence({ event }: { event: Event }) {
  const t = useT();
  const how = hows[event.eventType];
  const trust = trusts[event.userIdentity?.trust ?? "none"] ?? { word: "events.trustNone", hint: "events.noneTrustHint" };
  const Shield = event.userIdentity?.trust === "verified" ? IconShieldCheck : IconShieldQuestion;
  const [now] = useState(() => Date.now());
  const subjects = subjectsOf(event);
  const linked = (text: string, ...kinds: Kind[]) => {
    const subject = kinds.map((kind) => subjects.find((s) => s.kind === kind)).find((s) => s?.value === text);
    return subject ? (
      <SubjectLink kind={subject.kind} value={subject.value} range={rangeAround(event.eventTime, now)}>
        {text}
      </SubjectLink>
    ) : (
      text
    );
  };
  const actor = actorOf(event);
  const values: Record<string, ReactNode> = {
    who: (
      <>
        <b>{actor ? linked(actor, "actor", "key") : t("events.nobody")}</b>
        <Tooltip label={t(trust.hint)} multiline w={240}>
          <span className={classes.trust} data-trust={event.userIdentity?.trust ?? "none"}>
            <Shield size={13} aria-hidden />
            {t(trust.word)}
          </span>
        </Tooltip>
      </>
    ),
    action: <b>{event.eventName}</b>,
    on: event.resourceName && placed(t("events.sentenceOn"), { resource: <b>{linked(event.resourceName, "resource")}</b> }),
    from: event.sourceIpAddress && placed(t("events.sentenceFrom"), { ip: <b className="mono">{linked(event.sourceIpAddress, "ip")}</b> }),
    via: how && t(how),
    result: event.errorCode && <span className={classes.bad}>{placed(t("events.sentenceFailed"), { error: <b>{event.errorMessage ?? event.errorCode}</b> })}</span>,
  };
  return <p className={classes.sentence}>{placed(t("events.sentence"), values)}</p>;
}

/** A text with more than text in its places. */
function placed(text: string, values: Record<string, ReactNode>): ReactNode {
  return text.split(/(\{\w+\})/).map((part, i) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    return <Fragment key={i}>{name === undefined ? part : values[name]}</Fragment>;
  });
}
