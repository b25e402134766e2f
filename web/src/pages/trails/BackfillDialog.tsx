import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { Backfills } from "./Backfills.tsx";
import { backfillTrail, useTrailCall } from "./useTrails.ts";

const day = 86_400_000;

/** Asks for events of earlier times, and stays to show how far they are. */
export default function BackfillDialog({ trail, onClose }: { trail: Schemas["TrailStatus"]; onClose: () => void }) {
  const t = useT();
  const format = useFormat();
  const [from, setFrom] = useState(() => format.time(new Date(Date.now() - 7 * day)));
  const [to, setTo] = useState("");
  const [delivery, setDelivery] = useState("");
  const [wrong, setWrong] = useState<{ from?: string; to?: string }>({});
  const call = useTrailCall(backfillTrail);
  const start = (event: FormEvent) => {
    event.preventDefault();
    const begin = format.parse(from);
    const end = to.trim() ? format.parse(to) : null;
    const backwards = begin && end && end <= begin;
    setWrong({ from: begin ? undefined : t("trails.timeBad"), to: to.trim() && !end ? t("trails.timeBad") : backwards ? t("trails.timeBackwards") : undefined });
    if (!begin || (to.trim() && !end) || backwards) return;
    call.mutate({ name: trail.name, body: { from: begin.toISOString(), to: end?.toISOString(), delivery: delivery || undefined } });
  };
  const asked = trail.deliver.filter((d) => !delivery || d.name === delivery).flatMap((d) => d.backfills ?? []);
  const zone = t(`zone.${format.zone}`);
  return (
    <Modal opened onClose={onClose} title={t("trails.backfillTitle", { name: trail.name })} closeButtonProps={{ "aria-label": t("close") }} centered size="lg">
      <form onSubmit={start} noValidate>
        <Stack gap="md">
          <Text size="sm" className="dim">
            {t("trails.backfillMeans")}
          </Text>
          <Group grow align="flex-start">
            <TextInput label={`${t("trails.from")} (${zone})`} value={from} onChange={(e) => setFrom(e.currentTarget.value)} error={wrong.from} spellCheck={false} data-autofocus />
            <TextInput label={`${t("trails.to")} (${zone})`} placeholder={t("trails.now")} value={to} onChange={(e) => setTo(e.currentTarget.value)} error={wrong.to} spellCheck={false} />
          </Group>
          <NativeSelect
            label={t("trails.deliveryOf")}
            value={delivery}
            onChange={(e) => setDelivery(e.currentTarget.value)}
            data={[{ value: "", label: t("trails.deliveryAll") }, ...trail.deliver.map((d) => ({ value: d.name, label: d.name }))]}
          />
          {call.error && <ProblemNote error={call.error} />}
          {call.isSuccess && <Text size="sm">{asked.length > 0 ? t("trails.backfillAsked") : t("trails.backfillNothing")}</Text>}
          {call.isSuccess && <Backfills all={asked} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {call.isSuccess ? t("close") : t("cancel")}
            </Button>
            <Button type="submit" loading={call.isPending}>
              {t("trails.backfillStart")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
