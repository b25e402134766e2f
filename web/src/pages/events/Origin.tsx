import { Button, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { api, taken } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { download } from "../../ui/download.ts";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { valuesAt, type Event } from "./event.ts";
import classes from "./EventPanel.module.css";

/** Where an event was read, and the proof that it is in an archive. */
export function Origin({ event }: { event: Event }) {
  const t = useT();
  const format = useFormat();
  const at = (path: string) => valuesAt(event, path).join(", ");
  const facts = [
    { name: t("events.originAgent"), value: `${at("origin.agent")} · ${at("origin.source")}` },
    { name: t("events.originFile"), value: at("origin.file") },
    { name: t("events.originPlace"), value: at("origin.length") && t("events.originPlaceText", { length: at("origin.length"), offset: at("origin.offset") || "0" }) },
    { name: t("events.originRead"), value: at("origin.observedTime") && format.stamp(at("origin.observedTime")) },
    { name: t("events.originMapper"), value: at("origin.mapper") },
  ];
  const proof = useMutation({
    mutationFn: async () => taken(await api.GET("/api/v1/events/{eventId}/proof", { params: { path: { eventId: event.eventId } }, parseAs: "blob" })) as unknown as Blob,
    onSuccess: (body) => download(body, `${event.eventId}.proof.json`),
  });
  return (
    <>
      <dl className={classes.facts}>
        {facts.map(
          ({ name, value }) =>
            value && [
              <dt key="name">{name}</dt>,
              <dd key="value" className="mono">
                {value}
              </dd>,
            ],
        )}
      </dl>
      <h3 className={classes.sub}>{t("events.proof")}</h3>
      <Text size="sm" className="dim" mb="sm">
        {t("events.proofHint")}
      </Text>
      {proof.error && <ProblemNote error={proof.error} />}
      <Button variant="default" mt="xs" leftSection={<IconDownload size={15} />} loading={proof.isPending} onClick={() => proof.mutate()}>
        {t("events.proofGet")}
      </Button>
    </>
  );
}
