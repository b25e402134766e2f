import { Button, Group, Loader, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useRef, useState, type FormEvent } from "react";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { CopyBlock } from "../../ui/CopyBlock.tsx";
import { download } from "../../ui/download.ts";
import { notify } from "../../ui/notify.ts";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { endOf } from "../events/ranges.ts";
import { fetchBundle } from "./bundle.ts";
import { checkBundle } from "./commands.ts";

interface Props {
  trails: readonly Schemas["TrailStatus"][];
  trail: string;
  onClose: () => void;
}

/** Asks of which archive and of what time evidence is wanted, and gets it. */
export default function BundleDialog({ trails, trail: first, onClose }: Props) {
  const t = useT();
  const format = useFormat();
  const [trail, setTrail] = useState(first);
  const deliveries = trails.find((one) => one.name === trail)?.deliver ?? [];
  const [chosen, setDelivery] = useState("");
  const delivery = deliveries.some((d) => d.name === chosen) ? chosen : (deliveries[0]?.name ?? "");
  const [from, setFrom] = useState("now-1d");
  const [to, setTo] = useState("now");
  const [query, setQuery] = useState("");
  const [wrong, setWrong] = useState<{ from?: string; to?: string }>({});
  const [bytes, setBytes] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const stop = useRef<AbortController>(null);
  const [opened] = useState(() => new Date());
  const now = format.time(opened).slice(0, 16);
  const file = `bundle-${trail}-${delivery}.zip`;

  const get = async (begin: string, end: string) => {
    const stopper = new AbortController();
    stop.current = stopper;
    setError(null);
    setBytes(0);
    try {
      const body = await fetchBundle({ trail, delivery, from: begin, to: end, query: query.trim() }, stopper.signal, setBytes);
      download(body, file);
      notify(t("integrity.bundleDone", { file, bytes: format.bytes(body.size) }), t("integrity.bundleDoneTitle"));
      onClose();
    } catch (cause) {
      setBytes(null);
      if (!stopper.signal.aborted) setError(cause);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const begin = endOf(from, format.parse);
    const end = endOf(to, format.parse);
    const bad = t("events.timeBad", { now });
    setWrong({ from: begin ? undefined : bad, to: end ? undefined : bad });
    if (begin && end) void get(begin, end);
  };
  const close = () => {
    stop.current?.abort();
    onClose();
  };
  const busy = bytes !== null;
  const zone = t(`zone.${format.zone}`);
  return (
    <Modal opened onClose={close} title={t("integrity.bundleTitle")} size="lg" closeButtonProps={{ "aria-label": t("close") }} centered>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" className="dim">
            {t("integrity.bundleHint")}
          </Text>
          <Group grow align="flex-start">
            <NativeSelect label={t("integrity.trail")} value={trail} disabled={busy} onChange={(e) => setTrail(e.currentTarget.value)} data={trails.map((one) => one.name)} />
            <NativeSelect label={t("integrity.deliveryName")} value={delivery} disabled={busy} onChange={(e) => setDelivery(e.currentTarget.value)} data={deliveries.map((d) => d.name)} />
          </Group>
          <Group grow align="flex-start">
            <TextInput label={`${t("events.timeFrom")} (${zone})`} value={from} disabled={busy} onChange={(e) => setFrom(e.currentTarget.value)} error={wrong.from} spellCheck={false} />
            <TextInput label={`${t("events.timeTo")} (${zone})`} value={to} disabled={busy} onChange={(e) => setTo(e.currentTarget.value)} error={wrong.to} spellCheck={false} />
          </Group>
          <TextInput label={t("integrity.bundleQuery")} description={t("integrity.bundleQueryHint")} value={query} disabled={busy} onChange={(e) => setQuery(e.currentTarget.value)} spellCheck={false} className="mono" />
          <div>
            <Text size="sm" mb={4}>
              {t("integrity.bundleCheck")}
            </Text>
            <CopyBlock text={checkBundle(file, `${trail}-${delivery}`)} label={t("integrity.bundleCommandCopy")} />
          </div>
          {error !== null && <ProblemNote error={error} />}
          <Group justify="flex-end">
            {busy && (
              <Group gap={8} mr="auto" role="status">
                <Loader size="xs" />
                <Text size="sm" className="number">
                  {bytes === 0 ? t("integrity.bundleMaking") : t("integrity.bundleBytes", { bytes: format.bytes(bytes) })}
                </Text>
              </Group>
            )}
            <Button variant="default" onClick={close}>
              {t("cancel")}
            </Button>
            <Button type="submit" disabled={busy}>
              {t("integrity.bundleGet")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
