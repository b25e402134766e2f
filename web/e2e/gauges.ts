import { readFile } from "node:fs/promises";
import type { CDPSession, Page } from "playwright-core";

const MB = 1 << 20;

/** Memory that a process holds, in MB. */
export async function resident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

/** What a page's scripts hold, in MB, once what nobody uses is gone. */
export async function heap(of: CDPSession): Promise<number> {
  await of.send("HeapProfiler.collectGarbage");
  const { usedSize } = await of.send("Runtime.getHeapUsage");
  return usedSize / MB;
}

/** How long the page's own thread has had a core, in ms, since some moment. */
export async function busy(of: CDPSession): Promise<number> {
  const { metrics } = await of.send("Performance.getMetrics");
  return 1000 * (metrics.find((m) => m.name === "TaskDuration")?.value ?? 0);
}

/** The largest of what is measured again and again, until `stop`. */
export function watch(measure: () => Promise<number>): { stop: () => Promise<number> } {
  const ended = new AbortController();
  let most = 0;
  const run = (async () => {
    while (!ended.signal.aborted) {
      most = Math.max(most, await measure());
      await new Promise((again) => setTimeout(again, 250));
    }
  })();
  return {
    stop: async () => {
      ended.abort();
      await run;
      return most;
    },
  };
}

interface Frames {
  /** Time between two frames, in ms: of half of them less, of 99 in 100 less, the longest. */
  p50: number;
  p99: number;
  max: number;
  frames: number;
  /** Parts of all frames that came after two times their time, or later. */
  late: number;
  /** How often the page did something for 50 ms and more at a stretch, and the longest of it. */
  long: number;
  longest: number;
  rows: number;
}

/** Scrolls the table by so many pixels each frame, as a wheel that never rests, and tells how the frames came. */
export function scroll(page: Page, by: number, frames: number): Promise<Frames> {
  return page.evaluate(
    async ({ by, frames }) => {
      const box = document.querySelector("[role=grid]") as HTMLElement;
      const tasks: number[] = [];
      const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration)));
      observer.observe({ type: "longtask" });
      const times: number[] = [];
      let last = 0;
      await new Promise<void>((done) => {
        const step = (now: number) => {
          if (last) times.push(now - last);
          last = now;
          box.scrollTop += by;
          if (times.length < frames) requestAnimationFrame(step);
          else done();
        };
        requestAnimationFrame(step);
      });
      observer.disconnect();
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
      const rows = Number(box.getAttribute("aria-rowcount")) - 1;
      return { p50: at(0.5), p99: at(0.99), max: at(1), frames: times.length, late: times.filter((t) => t > 34).length / times.length, long: tasks.length, longest: Math.max(0, ...tasks), rows };
    },
    { by, frames },
  );
}

interface Turns {
  /** From the event to the next paint, in ms, as the browser says: it counts in steps of 8. */
  paint: number[];
  /** From the last event until its result is there and nothing more is asked for. */
  result: number[];
  /** What it cost the page's own thread until then. */
  cpu: number[];
}

interface Acts {
  times: number;
  /** What is not measured. */
  before?: (i: number) => Promise<void>;
  act: (i: number) => Promise<void>;
  /** What has to be on the page, with the id of the event that is open if it says so. */
  shows?: { selector: string; event?: boolean };
}

/**
 * Acts again and again, and tells how long each took. What is asked of the server is counted
 * in the page, but for what comes by and by: proofs, and what the query bar asks while one types.
 */
export async function turns(page: Page, cdp: CDPSession, { times, before, act, shows }: Acts): Promise<Turns> {
  const found: Turns = { paint: [], result: [], cpu: [] };
  for (let i = 0; i < times; i++) {
    await before?.(i);
    const cpu = await busy(cdp);
    await page.evaluate((shows) => {
      const opened = () => new URL(location.href).searchParams.get("event");
      const before = opened();
      const there = () => {
        if (!shows) return true;
        const id = opened();
        if (id === null || id === before) return false;
        return [...document.querySelectorAll(shows.selector)].some((e) => !shows.event || e.textContent.includes(id));
      };
      const w = window as unknown as Watched;
      w.seen?.stop();
      const paints: number[] = [];
      const take = (list: PerformanceEntry[]) => paints.push(...list.map((e) => e.duration));
      const observer = new PerformanceObserver((list) => take(list.getEntries()));
      observer.observe({ type: "event", durationThreshold: 16 } as PerformanceObserverInit);
      let began = 0;
      let done = 0;
      let stopped = false;
      const begin = (e: Event) => (began = e.timeStamp);
      for (const type of ["pointerdown", "keydown"]) window.addEventListener(type, begin, { capture: true });
      const busy = () => w.underWay > 0 || document.querySelector('[aria-busy="true"], [data-loading]') !== null;
      let quiet = 0;
      const step = () => {
        if (stopped) return;
        if (!began || busy() || !there()) [quiet, done] = [0, 0];
        else {
          done ||= performance.now();
          quiet++;
        }
        requestAnimationFrame(step);
      };
      requestAnimationFrame(step);
      const stop = () => {
        stopped = true;
        for (const type of ["pointerdown", "keydown"]) window.removeEventListener(type, begin, { capture: true });
        take(observer.takeRecords());
        observer.disconnect();
      };
      w.seen = { stop, quiet: () => quiet, told: () => ({ paint: Math.max(0, ...paints), result: done - began }) };
    }, shows);
    await act(i);
    await page.waitForFunction(() => ((window as unknown as Watched).seen?.quiet() ?? 0) > 12);
    const told = await page.evaluate(() => {
      const { seen } = window as unknown as Watched;
      seen?.stop();
      return seen?.told() ?? { paint: 0, result: 0 };
    });
    found.paint.push(told.paint);
    found.result.push(told.result);
    found.cpu.push((await busy(cdp)) - cpu);
  }
  return found;
}

interface Watched {
  underWay: number;
  seen?: { stop: () => void; quiet: () => number; told: () => { paint: number; result: number } };
}

/** Counts in the page what it asks the server for; to be called before it is loaded. */
export async function countAsked(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const w = window as unknown as Watched;
    w.underWay = 0;
    const real = window.fetch.bind(window);
    window.fetch = async (what, how) => {
      const url = what instanceof Request ? what.url : String(what);
      const counted = !/\/(proof|check|complete)(\?|$)/.test(url);
      if (counted) w.underWay++;
      try {
        return await real(what, how);
      } finally {
        if (counted) w.underWay--;
      }
    };
  });
}
