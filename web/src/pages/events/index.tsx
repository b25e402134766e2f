import { ActionIcon, Button, SegmentedControl, Tooltip } from "@mantine/core";
import { IconChartBar, IconDownload, IconLayoutSidebar, IconRefresh } from "@tabler/icons-react";
import { lazy, Suspense, useCallback, useDeferredValue, useEffect, useMemo, useState, type ReactNode } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { wordsOf } from "../../kql/words.ts";
import { isBoolean, useStored } from "../../settings/useStored.ts";
import { useTitle } from "../../ui/Page.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { filtersOf, queryOf, rangeOf } from "./address.ts";
import { Chart } from "./Chart.tsx";
import { useColumns } from "./columns.ts";
import type { Event } from "./event.ts";
import classes from "./Events.module.css";
import { EventTable } from "./EventTable.tsx";
import { FieldBar } from "./FieldBar.tsx";
import { NoneFound } from "./NoneFound.tsx";
import { Pills } from "./Pills.tsx";
import { QueryBar } from "./QueryBar.tsx";
import { LookMenu } from "./LookMenu.tsx";
import { OpenEvent } from "./OpenEvent.tsx";
import { SavedSearches } from "./SavedSearches.tsx";
import { useSealed } from "./seals.ts";
import { ShareMenu } from "./ShareMenu.tsx";
import { Summary } from "./Summary.tsx";
import { TimePicker } from "./TimePicker.tsx";
import { useAddress, useOpened } from "./useAddress.ts";
import { useEvents, useHistogram } from "./useEvents.ts";
import { useZoom } from "./useZoom.ts";

const ExportDialog = lazy(() => import("./ExportDialog.tsx"));
const Tail = lazy(() => import("./Tail.tsx"));

/** The front page: search the events, and see each. Which one is open is not known here: opening one draws nothing of this anew. */
export function Events() {
  const t = useT();
  const [search, change] = useAddress();
  const { from, to } = rangeOf(search);
  const range = useMemo(() => ({ from, to }), [from, to]);
  const query = queryOf(search);
  const [turn, setTurn] = useState(0);
  const [every, setEvery] = useState(0);
  const [chart, setChart] = useStored("events.chart", true, isBoolean);
  const [bar, setBar] = useStored("events.fields", window.innerWidth > 900, isBoolean);
  const [exporting, setExporting] = useState(false);
  const [fromTail, setFromTail] = useState<Event>();
  const { columns } = useColumns();
  const zoom = useZoom();
  const live = search.view === "tail";
  useTitle(search.q || t("nav.events"));

  const refresh = useCallback(() => setTurn((n) => n + 1), []);
  const hideChart = useCallback(() => setChart(false), [setChart]);
  useEffect(() => {
    if (every === 0 || live) return;
    const timer = setInterval(refresh, every * 1000);
    return () => clearInterval(timer);
  }, [every, live, refresh]);

  const found = useEvents(search, turn);
  const sealed = useSealed(turn);
  const histogram = useHistogram(search, turn, chart && !live);
  // What was clicked is painted first; a table of other events right behind, also when they were here already.
  const result = useDeferredValue(found.data);
  const counts = useDeferredValue(histogram.data);
  const events = useMemo(() => result?.pages.flatMap((p) => p.events) ?? [], [result]);
  const first = result?.pages[0];
  const asked = search.q ?? "";
  const { f } = search;
  const words = useMemo(() => [...wordsOf(asked), ...filtersOf({ f }).flatMap(({ value, not, off }) => (value && !not && !off ? [value] : []))], [asked, f]);

  const { hasNextPage, isFetchingNextPage, fetchNextPage } = found;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const run = useCallback((q: string) => (q === asked ? refresh() : change({ q: q || undefined })), [asked, refresh, change]);
  const acts = {
    refresh,
    reads: () => change({ reads: search.reads ? undefined : "1" }),
    tail: () => change({ view: live ? undefined : "tail" }),
    undo: () => zoom.undo?.(),
  };

  return (
    <div className={classes.page}>
      <h1 className={classes.hidden}>{t("nav.events")}</h1>
      <header className={classes.top}>
        <div className={classes.bar}>
          <QueryBar query={asked} range={range} onRun={run} />
          <div className={classes.tools}>
            {!live && <TimePicker range={range} onRange={change} every={every} onEvery={setEvery} />}
            <Tooltip label={t("events.refresh")}>
              <ActionIcon size={38} variant="default" aria-label={t("events.refresh")} onClick={refresh} loading={found.isFetching && !isFetchingNextPage}>
                <IconRefresh size={17} />
              </ActionIcon>
            </Tooltip>
            <SavedSearches />
            <ShareMenu search={search} columns={columns} instants={first} />
          </div>
        </div>
        <Pills />
      </header>
      <Body bar={bar && !live}>
        {bar && !live && (
          <div className={classes.fields}>
            <FieldBar turn={turn} />
          </div>
        )}
        <div className={classes.results}>
          <div className={classes.views}>
            {!live && (
              <Tooltip label={t(bar ? "events.fieldsHide" : "events.fieldsShow")}>
                <ActionIcon aria-label={t(bar ? "events.fieldsHide" : "events.fieldsShow")} aria-pressed={bar} onClick={() => setBar(!bar)}>
                  <IconLayoutSidebar size={17} />
                </ActionIcon>
              </Tooltip>
            )}
            <SegmentedControl
              size="xs"
              value={live ? "tail" : "search"}
              onChange={(v) => change({ view: v === "tail" ? "tail" : undefined })}
              data={[
                { value: "search", label: t("events.viewSearch") },
                { value: "tail", label: t("events.viewTail") },
              ]}
            />
            {!live && first && <Summary page={first} shown={events.length} stale={found.isPlaceholderData || result !== found.data} />}
            {!live && (
              <div className={classes.acts}>
                {!chart && (
                  <Tooltip label={t("events.chartShow")}>
                    <ActionIcon aria-label={t("events.chartShow")} onClick={() => setChart(true)}>
                      <IconChartBar size={17} />
                    </ActionIcon>
                  </Tooltip>
                )}
                <LookMenu />
                <Button variant="default" leftSection={<IconDownload size={15} aria-hidden />} disabled={!first || first.total < 1} onClick={() => setExporting(true)}>
                  {t("events.export")}
                </Button>
              </div>
            )}
          </div>
          {live ? (
            <Suspense>
              <Tail
                query={query}
                columns={columns}
                words={words}
                onOpened={setFromTail}
              />
            </Suspense>
          ) : (
            <>
              {chart && first?.total !== 0 && <Chart data={counts} onZoom={zoom.into} onUndo={zoom.undo} onHide={hideChart} />}
              {found.error && (
                <div className={classes.note}>
                  <ProblemNote error={found.error} again={refresh} />
                </div>
              )}
              {first && !found.error && events.length === 0 && <NoneFound />}
              {events.length > 0 && !found.error && (
                <EventTable
                  events={events}
                  columns={columns}
                  words={words}
                  sealed={sealed}
                  onEnd={more}
                  foot={isFetchingNextPage ? t("events.more") : hasNextPage ? undefined : t("events.end")}
                />
              )}
              {!first && !found.error && <p className={classes.loading}>{t("events.loading")}</p>}
            </>
          )}
        </div>
        <OpenEvent events={events} known={fromTail} words={words} acts={acts} />
      </Body>
      {exporting && first && (
        <Suspense>
          <ExportDialog search={{ query, from: first.from, to: first.to, sort: search.sort }} total={first.total} columns={columns} onClose={() => setExporting(false)} />
        </Suspense>
      )}
    </div>
  );
}

/** What is below the head of the page, with room for the panel while an event is open. */
function Body({ bar, children }: { bar: boolean; children: ReactNode }) {
  const [opened] = useOpened();
  return (
    <div className={classes.body} data-bar={bar || undefined} data-panel={opened !== undefined || undefined}>
      {children}
    </div>
  );
}
