import { appendFile, readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { launch, open } from "./browser.ts";
import { at } from "./records.ts";

export const rows = (page: Page) => page.locator("[role=row][id]");
export const panel = (page: Page) => page.getByRole("complementary", { name: "Event" });
export const total = (page: Page) => page.getByRole("status").filter({ hasText: /events|event/ }).first();
export const count = async (page: Page) => Number(((await total(page).textContent()) ?? "").split(" ")[0]?.replaceAll(",", ""));

/** What the API says of the same question. */
export async function asked(query: string, more: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(`${inject("url")}/api/v1/events?${new URLSearchParams({ query, limit: "0", from: "now-24h", to: "now", ...more })}`);
  return ((await answer.json()) as { total: number }).total;
}

/** The editor, once it has taken the plain input's place. */
export async function editor(page: Page) {
  const at = page.locator(".cm-content");
  await at.waitFor();
  return at;
}

export async function search(page: Page, query: string) {
  const box = await editor(page);
  await box.click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(query);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Search", exact: true }).click();
}

/** Has the demo's gateway log a stop of an instance now, with the changes; its request id. */
export async function stopNow(change: Record<string, string> = {}): Promise<string> {
  const line = (await readFile(inject("log"), "utf8")).split("\n").find((l) => /POST.*\/stop"/.test(l) && l.includes('"status":200'));
  if (!line) throw new Error("no line of a stop in the log");
  const id = crypto.randomUUID().replaceAll("-", "");
  const record = JSON.parse(at(line, Date.now() / 1000)) as Record<string, unknown>;
  await appendFile(inject("log"), `${JSON.stringify({ ...record, request_id: id, ...change })}\n`);
  return id;
}

/** A browser of the file, and what runs a flow on a page of its own, in which nothing may go wrong beside it. */
export function flows() {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  return function flow(name: string, path: string | (() => Promise<string>), run: (page: Page) => Promise<void>, options?: Parameters<typeof open>[2]) {
    test(name, async () => {
      const { page, faults } = await open(browser, typeof path === "string" ? path : await path(), options);
      await run(page);
      expect(faults.filter((f) => !/status of 40[04]/.test(f))).toEqual([]);
      await page.context().close();
    });
  };
}
