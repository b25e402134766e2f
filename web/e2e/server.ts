import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
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

const repository = resolve(import.meta.dirname, "../..");

/** Starts the server as `make run` does, over a log of half a day that is there already. */
export default async function setup(project: TestProject) {
  const dir = await mkdtemp(join(tmpdir(), "actiontrail-console-"));
  const log = join(dir, "data/demo/access.log");
  await mkdir(join(dir, "data/demo"), { recursive: true });
  const lines = await demoLines(join(repository, "bin/demo"), dir, 3000);
  await writeFile(log, lines.join("\n") + "\n");

  const listen = `127.0.0.1:${await freePort()}`;
  const url = `http://${listen}`;
  const args = ["server", "--config", join(repository, "deploy/quickstart"), "--data", "./data", "--listen", listen];
  const server = spawn(join(repository, "bin/actiontrail"), args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
  let told = "";
  server.stdout.on("data", (text: Buffer) => (told += text.toString()));
  server.stderr.on("data", (text: Buffer) => (told += text.toString()));
  await until(`events of ${url}; the server said: ${told.slice(-2000)}`, patience, async () => {
    if (server.exitCode !== null) throw new Error(`the server ended: ${told}`);
    return (await total(url)) >= lines.length * 0.9 && (await settled(url));
  });
  project.provide("url", url);
  project.provide("log", log);
  return async () => {
    await stop(server);
    await rm(dir, { recursive: true, force: true });
  };
}

async function total(url: string): Promise<number> {
  try {
    const answer = await fetch(`${url}/api/v1/events?limit=0&query=${encodeURIComponent("not serviceName: Actiontrail")}`);
    if (!answer.ok) return 0;
    return ((await answer.json()) as { total: number }).total;
  } catch {
    return 0; // it does not listen yet
  }
}

let before = -1;

/** Whether two looks saw the same: the log has been read. */
async function settled(url: string): Promise<boolean> {
  const now = await total(url);
  const same = now === before;
  before = now;
  return same;
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
