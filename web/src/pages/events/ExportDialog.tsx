import { Button, Group, Modal, Progress as Bar, SegmentedControl, Stack, Text } from "@mantine/core";
import { useRef, useState } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { download } from "../../ui/download.ts";
import { notify } from "../../ui/notify.ts";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { isComposed, mainField } from "./columns.ts";
import { exportEvents, type Form, forms, type Progress, type Wanted } from "./exporting.ts";

interface Props {
  search: Pick<Wanted, "query" | "from" | "to" | "sort">;
  total: number;
  columns: readonly string[];
  onClose: () => void;
}

/** What a column stands for in a file: a composed one is all of its fields. */
const fieldsOf = (column: string) => {
  if (!isComposed(column)) return [column];
  const more = { actor: ["userIdentity.type", "userIdentity.trust"], action: ["serviceName", "eventRW"], resource: ["resourceType"], result: ["errorMessage"], time: [], ip: [] };
  return [mainField[column], ...more[column]];
};

/** Writes the whole result of the search into a file, and tells how far it is. */
export default function ExportDialog({ search, total, columns, onClose }: Props) {
  const t = useT();
  const format = useFormat();
  const [form, setForm] = useState<Form>("csv");
  const { end, parts } = forms.find((f) => f.value === form) ?? forms[0];
  const [whole, setWhole] = useState("columns");
  const [progress, setProgress] = useState<Progress | null>(null);
  const [error, setError] = useState<unknown>(null);
  const stop = useRef<AbortController>(null);
  const start = async () => {
    const stopper = new AbortController();
    stop.current = stopper;
    setError(null);
    setProgress({ events: 0, bytes: 0, total });
    try {
      const fields = parts && whole === "columns" ? columns.flatMap(fieldsOf) : [];
      let last: Progress = { events: 0, bytes: 0, total };
      const body = await exportEvents({ ...search, format: form, fields }, stopper.signal, (p) => {
        last = p;
        setProgress(p);
      });
      download(body, `events-${search.from.slice(0, 10)}.${end}`);
      notify(t("events.exportDone", { n: format.number(last.events), bytes: format.bytes(last.bytes) }), t("events.exportDoneTitle"));
      onClose();
    } catch (cause) {
      setProgress(null);
      if (!stopper.signal.aborted) setError(cause);
    }
  };
  const close = () => {
    stop.current?.abort();
    onClose();
  };
  return (
    <Modal opened onClose={close} title={t("events.exportTitle", { n: format.number(total) })} closeButtonProps={{ "aria-label": t("close") }} centered>
      <Stack gap="md">
        <Text size="sm" className="dim">
          {t("events.exportHint")}
        </Text>
        <Group justify="space-between">
          <Text fw={560}>{t("events.exportFormat")}</Text>
          <SegmentedControl
            aria-label={t("events.exportFormat")}
            value={form}
            disabled={progress !== null}
            onChange={(value) => setForm(value as Form)}
            data={forms.map(({ value, label }) => ({ value, label }))}
          />
        </Group>
        <Group justify="space-between">
          <Text fw={560}>{t("events.exportWhat")}</Text>
          <SegmentedControl
            aria-label={t("events.exportWhat")}
            value={parts ? whole : "all"}
            disabled={progress !== null || !parts}
            onChange={setWhole}
            data={[
              { value: "columns", label: t("events.exportColumns") },
              { value: "all", label: t("events.exportAll") },
            ]}
          />
        </Group>
        {error !== null && <ProblemNote error={error} again={() => void start()} />}
        {progress && (
          <div>
            <Bar value={progress.total > 0 ? (100 * progress.events) / progress.total : 0} aria-label={t("events.export")} />
            <Text size="sm" mt={6} className="number" role="status">
              {t("events.exportProgress", { n: format.number(progress.events), total: format.number(progress.total), bytes: format.bytes(progress.bytes) })}
            </Text>
          </div>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {progress ? t("events.exportStop") : t("cancel")}
          </Button>
          <Button disabled={progress !== null} onClick={() => void start()}>
            {t("events.exportStart")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
