import { ActionIcon, Button, CopyButton, Group, SegmentedControl, Skeleton, Stack, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy, IconListSearch, IconSearchOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { EmptyNote } from "../../ui/EmptyNote.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { before, useEdge, useHistogram } from "./asking.ts";
import { Changes } from "./Changes.tsx";
import { Figures } from "./Figures.tsx";
import { FilterPills } from "./FilterPills.tsx";
import { icons } from "./kindLook.ts";
import { Lists } from "./Lists.tsx";
import { Signins } from "./Signins.tsx";
import { kinds, type Subject } from "./subject.ts";
import classes from "./SubjectPage.module.css";
import { useInvestigation } from "./useInvestigation.ts";

const Histogram = lazy(() => import("../events/Histogram.tsx").then((m) => ({ default: m.Histogram })));

/** All that is known of an actor, a key, an address or a resource in a time range. */
export function SubjectPage({ subject }: { subject: Subject }) {
  const t = useT();
  const format = useFormat();
  const { query, range, change } = useInvestigation();
  const asked = useMemo(() => ({ query, range }), [query, range]);
  const histogram = useHistogram(asked);
  const first = useEdge(asked, "asc");
  const last = useEdge(asked, "desc");
  const { data } = histogram;
  const past = useMemo(() => data && before(data.from, data.to), [data]);
  const zoom = useCallback((from: Date, to: Date) => change({ from: from.toISOString(), to: to.toISOString() }), [change]);
  const failures = data?.buckets.reduce((sum, b) => sum + b.errors, 0);
  const seen = (edge: typeof first) => (edge.data === undefined ? undefined : edge.data ? format.stamp(edge.data.eventTime).replace(/\.\d+$/, "") : "–");
  const changes = <Changes asked={asked} title={t(subject.kind === "resource" ? "investigate.changesOf" : "investigate.changes")} />;
  return (
    <Stack gap={14}>
      <Head subject={subject} />
      <FilterPills />
      {histogram.error && <ProblemNote error={histogram.error} again={() => void histogram.refetch()} />}
      {data?.total === 0 ? (
        <EmptyNote icon={<IconSearchOff />} title={t("investigate.nothing")} detail={t("investigate.nothingHint")}>
          <Button onClick={() => change({ from: "now-90d", to: undefined, f: undefined })}>{t("events.noneWiden")}</Button>
        </EmptyNote>
      ) : (
        <>
          <Figures
            label={t("investigate.figures")}
            figures={[
              { name: t("investigate.events"), value: data && format.number(data.total) },
              { name: t("investigate.failures"), value: failures === undefined ? undefined : format.number(failures), detail: data && failures ? format.percent(failures / Math.max(1, data.total)) : undefined, bad: Boolean(failures) },
              { name: t("investigate.first"), value: seen(first) },
              { name: t(subject.kind === "key" ? "investigate.lastUsed" : "investigate.last"), value: seen(last) },
            ]}
          />
          <Surface className={classes.chart} aria-label={t("events.histogram")}>
            {data ? <Suspense fallback={<Skeleton height={112} />}>{<Histogram data={data} onZoom={zoom} />}</Suspense> : <Skeleton height={112} />}
          </Surface>
          {subject.kind === "resource" && changes}
          {(subject.kind === "actor" || subject.kind === "ip") && <Signins asked={asked} past={past} places={subject.kind === "ip" ? "actor" : "ip"} />}
          <Lists kind={subject.kind} asked={asked} past={past} />
          {subject.kind !== "resource" && changes}
        </>
      )}
    </Stack>
  );
}

/** Whom or what this is about; the kind can be another than it was taken for. */
function Head({ subject }: { subject: Subject }) {
  const t = useT();
  const { query, range, open } = useInvestigation();
  const Icon = icons[subject.kind];
  return (
    <Group justify="space-between" gap="sm">
      <Group gap={8} wrap="nowrap" className={classes.subject}>
        <span className={classes.icon} aria-hidden>
          <Icon size={20} />
        </span>
        <h2 className={`${classes.name} mono`}>{subject.value}</h2>
        <CopyButton value={subject.value}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? t("copied") : t("copy")}>
              <ActionIcon aria-label={`${t("copy")}: ${subject.value}`} onClick={copy}>
                {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
      </Group>
      <Group gap="xs">
        <SegmentedControl
          size="xs"
          aria-label={t("investigate.kind")}
          value={subject.kind}
          onChange={(kind) => open(kind, subject.value)}
          data={kinds.map((value) => ({ value, label: t(`investigate.kind.${value}`) }))}
        />
        <Button variant="default" leftSection={<IconListSearch size={15} aria-hidden />} renderRoot={(props) => <Link {...props} to="/" search={{ q: query, from: range.from, to: range.to, reads: "1" }} />}>
          {t("investigate.search.events")}
        </Button>
      </Group>
    </Group>
  );
}
