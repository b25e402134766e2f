import { Tooltip } from "@mantine/core";
import { IconShieldCheck, IconShieldQuestion } from "@tabler/icons-react";
import { Fragment, type ReactNode } from "react";
import type { Key } from "../../i18n/dictionary.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { actorOf, type Event } from "./event.ts";
import classes from "./EventPanel.module.css";

const hows: Record<string, Key> = { ApiCall: "events.sentenceApi", ConsoleOperation: "events.sentenceConsole", ConsoleSignin: "events.sentenceSignin" };
const trusts: Record<string, { word: Key; hint: Key }> = {
  verified: { word: "events.trustVerified", hint: "events.verifiedHint" },
  claimed: { word: "events.trustClaimed", hint: "events.claimedHint" },
  none: { word: "events.trustNone", hint: "events.noneTrustHint" },
};

/** What happened, in a sentence: who did what, on what, from where, how, and how it ended. */
export function Sentence({ event }: { event: Event }) {
  const t = useT();
  const how = hows[event.eventType];
  const trust = trusts[event.userIdentity?.trust ?? "none"] ?? { word: "events.trustNone", hint: "events.noneTrustHint" };
  const Shield = event.userIdentity?.trust === "verified" ? IconShieldCheck : IconShieldQuestion;
  const values: Record<string, ReactNode> = {
    who: (
      <>
        <b>{actorOf(event) || t("events.nobody")}</b>
        <Tooltip label={t(trust.hint)} multiline w={240}>
          <span className={classes.trust} data-trust={event.userIdentity?.trust ?? "none"}>
            <Shield size={13} aria-hidden />
            {t(trust.word)}
          </span>
        </Tooltip>
      </>
    ),
    action: <b>{event.eventName}</b>,
    on: event.resourceName && placed(t("events.sentenceOn"), { resource: <b>{event.resourceName}</b> }),
    from: event.sourceIpAddress && placed(t("events.sentenceFrom"), { ip: <b className="mono">{event.sourceIpAddress}</b> }),
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
