import { ActionIcon, Button, NativeSelect, Tooltip } from "@mantine/core";
import { IconChevronUp, IconZoomOut } from "@tabler/icons-react";
import { lazy, memo, Suspense } from "react";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import classes from "./Events.module.css";
import { useAddress } from "./useAddress.ts";

const Histogram = lazy(() => import("./Histogram.tsx").then((m) => ({ default: m.Histogram })));

const breakdowns = ["eventName", "serviceName", "userIdentity.userName", "sourceIpAddress", "resourceType", "eventRW", "userIdentity.trust"];

interface Props {
  data: Schemas["Histogram"] | undefined;
  onZoom: (from: Date, to: Date) => void;
  onUndo: (() => void) | undefined;
  onHide: () => void;
}

/** The histogram and what belongs to it. */
export const Chart = memo(function Chart({ data, onZoom, onUndo, onHide }: Props) {
  const t = useT();
  const [search, change] = useAddress();
  return (
    <section className={classes.chart} aria-label={t("events.histogram")}>
      <div className={classes.chartHead}>
        <label className={classes.by}>
          <span>{t("events.by")}</span>
          <NativeSelect
            size="xs"
            variant="unstyled"
            aria-label={t("events.by")}
            value={search.by ?? ""}
            onChange={(e) => change({ by: e.currentTarget.value || undefined }, true)}
            data={[{ value: "", label: t("events.byResult") }, ...[...new Set([...breakdowns, ...(search.by ? [search.by] : [])])].map((value) => ({ value, label: value }))]}
          />
        </label>
        {data && <span className="dim">{t("events.bucket", { interval: data.interval })}</span>}
        <span className={classes.chartHint}>{t("events.histogramHint")}</span>
        {onUndo && (
          <Button size="compact-xs" variant="light" leftSection={<IconZoomOut size={14} aria-hidden />} onClick={onUndo}>
            {t("events.zoomUndo")}
          </Button>
        )}
        <Tooltip label={t("events.chartHide")}>
          <ActionIcon size="sm" aria-label={t("events.chartHide")} onClick={onHide}>
            <IconChevronUp size={15} />
          </ActionIcon>
        </Tooltip>
      </div>
      <div className={classes.plot}>{data && <Suspense>{<Histogram data={data} onZoom={onZoom} />}</Suspense>}</div>
    </section>
  );
});
