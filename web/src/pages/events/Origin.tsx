import { Button, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { Fragment } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { download } from "../../ui/download.ts";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { valuesAt, type Event } from "./event.ts";
import classes from "./EventPanel.module.css";
import { useProof } from "./proof.ts";

/** Where an event was read, and the proof that it is in an archive. */
export function Origin({ event }: { event: Event }) {
  const t = useT();
  const format = useFormat();
  const at = (path: string) => valuesAt(event, path).join(", ");
  const proof = useProof(event.eventId);
  const facts = [
    { name: t("events.originAgent"), value: `${at("origin.agent")} · ${at("origin.source")}` },
    { name: t("events.originFile"), value: at("origin.file") },
    { name: t("events.originPlace"), value: at("origin.length") && t("events.originPlaceText", { length: at("origin.length"), offset: at("origin.offset") || "0" }) },
    { name: t("events.originRead"), value: at("origin.observedTime") && format.stamp(at("origin.observedTime")) },
    { name: t("events.originMapper"), value: at("origin.mapper") },
  ];
  const sealed = proof.data && [
    { name: t("events.proofSeal"), value: t("events.sealIn", { trail: proof.data.trail, n: format.number(proof.data.seal) }) },
    { name: t("events.proofTime"), value: format.stamp(proof.data.time) },
    { name: t("events.proofObject"), value: proof.data.object },
  ];
  return (
    <>
      <Facts facts={facts} />
      <h3 className={classes.sub}>{t("events.proof")}</h3>
      <Text size="sm" className="dim" mb="sm">
        {t("events.proofHint")}
      </Text>
      {sealed && <Facts facts={sealed} />}
      {proof.error && <ProblemNote error={proof.error} again={() => void proof.refetch()} />}
      <Button
        variant="default"
        mt="xs"
        leftSection={<IconDownload size={15} />}
        loading={proof.isFetching}
        disabled={!proof.data}
        onClick={() => proof.data && download(proof.data.file, `${event.eventId}.proof.json`)}
      >
        {t("events.proofGet")}
      </Button>
    </>
  );
}

function Facts({ facts }: { facts: readonly { name: string; value: string | undefined }[] }) {
  return (
    <dl className={classes.facts}>
      {facts.map(
        ({ name, value }) =>
          value && (
            <Fragment key={name}>
              <dt>{name}</dt>
              <dd className="mono">{value}</dd>
            </Fragment>
          ),
      )}
    </dl>
  );
}
