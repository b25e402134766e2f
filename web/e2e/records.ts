import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { patience, until } from "./patience.ts";

const half = 12 * 3600; // seconds

/**
 * Lines of the demo gateway, spread over the last half day, more of them around
 * its middle. The demo makes the same calls each time; the times are given here.
 */
export async function demoLines(program: string, dir: string, wanted: number): Promise<string[]> {
  const log = join(dir, "made.log");
  const demo = spawn(program, ["--log", log, "--rate", "2000", "--seed", "7"], { cwd: dir, stdio: "ignore" });
  const ended = new Promise((done) => demo.once("exit", done));
  const read = async () => (await readFile(log, "utf8").catch(() => "")).split("\n").slice(0, -1);
  await until("lines of the demo", patience, async () => (await read()).length >= wanted);
  demo.kill("SIGTERM");
  await ended;
  const lines = (await read()).slice(0, wanted);
  const end = Date.now() / 1000 - 120;
  return lines.map((line, i) => {
    const share = i / lines.length;
    const swing = share - (0.75 * Math.sin(2 * Math.PI * share)) / (2 * Math.PI);
    return at(line, end - half + half * swing);
  });
}

/** The line with another time. */
export function at(line: string, seconds: number): string {
  const record = JSON.parse(line) as Record<string, unknown>;
  record.time_iso8601 = new Date(seconds * 1000).toISOString().replace(/\.\d+Z/, "+00:00");
  record.msec = seconds.toFixed(3);
  return JSON.stringify(record);
}
