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
