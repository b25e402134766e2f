import { spawn, type ChildProcess } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { patience, until } from "./patience.ts";
import { demoLines } from "./records.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Address of the server. */
    url: string;
    /** The access log that its agent follows: what is appended becomes events. */
    log: string;
  }
}

export const repository = resolve(import.meta.dirname, "../..");

/** Starts the server as `make run` does, over a log of half a day that is there already. */
export default async function setup(project: TestProject) {
  const dir = await mkdtemp(join(tmpdir(), "actiontrail-console-"));
  const log = join(dir, "data/demo/access.log");
  await mkdir(join(dir, "data/demo"), { recursive: true });
  const lines = await demoLines(join(repository, "bin/demo"), dir, 3000);
  await writeFile(log, lines.join("\n") + "\n");
  const server = await serve(dir, lines.length * 0.9);
  project.provide("url", server.url);
  project.provide("log", log);
  return server.end;
}

export interface Served {
  url: string;
  pid: number;
  /** Stops the server and removes its folder. */
  end: () => Promise<void>;
}

/** Starts the server of `make run` in a folder, and waits until it has at least so many events and finds no more. */
export async function serve(dir: string, least: number, patient = patience): Promise<Served> {
  // Pages say where a trail is declared: beside its data, not in somebody's folder.
  await cp(join(repository, "deploy/quickstart"), join(dir, "deploy/quickstart"), { recursive: true });
  const listen = `127.0.0.1:${await freePort()}`;
  const url = `http://${listen}`;
  const args = ["server", "--config", "deploy/quickstart", "--data", "./data", "--listen", listen];
  const server = spawn(join(repository, "bin/actiontrail"), args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
  let told = "";
  server.stdout.on("data", (text: Buffer) => (told = (told + text.toString()).slice(-4000)));
  server.stderr.on("data", (text: Buffer) => (told = (told + text.toString()).slice(-4000)));
  let before = -1;
  await until(`events of ${url}; the server said: ${told.slice(-2000)}`, patient, async () => {
    if (server.exitCode !== null) throw new Error(`the server ended: ${told}`);
    const now = await total(url);
    const same = now === before; // two looks saw the same: the log has been read
    before = now;
    return now >= least && same;
  });
  const end = async () => {
    await stop(server);
    await rm(dir, { recursive: true, force: true });
  };
  return { url, pid: server.pid ?? 0, end };
}

async function total(url: string): Promise<number> {
  try {
    const answer = await fetch(`${url}/api/v1/events?limit=0&query=${encodeURIComponent("origin.source: edge")}`);
    if (!answer.ok) return 0;
    return ((await answer.json()) as { total: number }).total;
  } catch {
    return 0; // it does not listen yet
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = new Promise((done) => server.once("exit", done));
  server.kill("SIGTERM");
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const listener = createServer();
    listener.once("error", fail);
    listener.listen(0, "127.0.0.1", () => {
      const at = listener.address();
      listener.close(() => (at && typeof at === "object" ? done(at.port) : fail(new Error("no port"))));
    });
  });
}
