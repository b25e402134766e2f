import { Loader, NativeSelect, Text, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, taken } from "../../api/client.ts";
import type { Key } from "../../i18n/dictionary.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { actorOf, type Event } from "./event.ts";
import classes from "./Neighbours.module.css";

const bonds = {
  actor: { label: "events.nearActor", has: (e: Event) => actorOf(e) !== "" && e.userIdentity?.type !== "anonymous" },
  sourceIp: { label: "events.nearIp", has: (e: Event) => Boolean(e.sourceIpAddress) },
  resource: { label: "events.nearResource", has: (e: Event) => Boolean(e.resourceName) },
  accessKey: { label: "events.nearKey", has: (e: Event) => Boolean(e.userIdentity?.accessKeyId) },
  any: { label: "events.nearAny", has: () => true },
} as const satisfies Record<string, { label: Key; has: (e: Event) => boolean }>;
type Bond = keyof typeof bonds;

const isBond = (text: string): text is Bond => Object.hasOwn(bonds, text);

/** What came right before and after an event, of those that share something with it. */
export function Neighbours({ event, onOpen }: { event: Event; onOpen: (id: string) => void }) {
  const t = useT();
  const format = useFormat();
  const possible = Object.keys(bonds).filter(isBond).filter((b) => bonds[b].has(event));
  const [wanted, setWanted] = useState<Bond>("actor");
  const by = possible.includes(wanted) ? wanted : (possible[0] ?? "any");
  const { data, error, refetch } = useQuery({
    queryKey: ["surrounding", event.eventId, by],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/events/{eventId}/surrounding", { params: { path: { eventId: event.eventId }, query: { by, n: 10 } }, signal })),
  });
  const row = (e: Event, here: boolean) => (
    <UnstyledButton key={e.eventId} className={classes.row} data-here={here || undefined} disabled={here} onClick={() => onOpen(e.eventId)}>
      <span className="mono number dim">{format.stamp(e.eventTime)}</span>
      <span className={classes.what}>
        <b>{e.eventName}</b> {e.resourceName ?? e.serviceName}
      </span>
      <span className={classes.who}>{here ? t("events.nearThis") : by === "actor" ? e.sourceIpAddress : actorOf(e)}</span>
    </UnstyledButton>
  );
  return (
    <div>
      <NativeSelect label={t("events.nearBy")} mb="sm" value={by} onChange={(e) => isBond(e.currentTarget.value) && setWanted(e.currentTarget.value)} data={possible.map((value) => ({ value, label: t(bonds[value].label) }))} />
      {error && <ProblemNote error={error} again={() => void refetch()} />}
      {!data && !error && <Loader size="sm" />}
      {data && (
        <div className={classes.list}>
          {(data.after as Event[]).toReversed().map((e) => row(e, false))}
          {row(event, true)}
          {(data.before as Event[]).toReversed().map((e) => row(e, false))}
          {data.before.length + data.after.length === 0 && (
            <Text size="sm" className="dim" p="sm">
              {t("events.nearNone")}
            </Text>
          )}
        </div>
      )}
    </div>
  );
}
