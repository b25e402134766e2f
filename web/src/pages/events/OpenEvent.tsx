import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import type { Event } from "./event.ts";
import classes from "./Events.module.css";
import { useOpened } from "./useAddress.ts";
import { useEventKeys, type PageActs } from "./useEventKeys.ts";

const load = () => import("./EventPanel.tsx");
const EventPanel = lazy(load);

interface Props {
  /** What the table holds. */
  events: readonly Event[];
  /** One that is not in it, such as one that came live. */
  known: Event | undefined;
  words: readonly string[];
  /** What else the keys of this page do. */
  acts: PageActs;
}

/** The event that is open, beside the table, and the keys that step through the list. It alone is drawn anew when another one is opened. */
export function OpenEvent({ events, known, words, acts }: Props) {
  const [opened, open] = useOpened();
  const [compared, setCompared] = useState<Event | null>(null);
  useEffect(() => {
    // Whoever opens a row is not to wait for what it takes to show it.
    if (events.length > 0) void load().catch(() => undefined); // without it, opening tells
  }, [events.length]);
  const at = useMemo(() => (opened === undefined ? -1 : events.findIndex((e) => e.eventId === opened)), [events, opened]);
  const step = (by: 1 | -1) => {
    const next = events[at < 0 ? 0 : at + by];
    if (next) open(next.eventId);
  };
  const close = () => open(undefined);
  useEventKeys({ ...acts, step, close });
  if (opened === undefined) return null;
  return (
    <div className={classes.panel}>
      <Suspense>
        <EventPanel
          id={opened}
          known={events[at] ?? (known?.eventId === opened ? known : undefined)}
          words={words}
          onClose={close}
          onStep={at < 0 ? undefined : step}
          onOpen={open}
          compared={compared}
          onCompare={setCompared}
        />
      </Suspense>
    </div>
  );
}
