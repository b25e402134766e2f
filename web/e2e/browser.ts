import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, inject } from "vitest";
import { patience } from "./patience.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A real browser. CHROMIUM names another than Debian's. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
}

/** A page, and what went wrong on it: errors, breaches of the policy, requests to other origins. */
export async function open(browser: Browser, path: string, options: BrowserContextOptions = {}, url = inject("url")): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", locale: "en-GB", timezoneId: "Asia/Shanghai", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (said) => {
    // An event that is in no archive yet has no proof: that is an answer.
    if (/status of 404/.test(said.text()) && said.location().url.endsWith("/proof")) return;
    if (said.type() === "error" || /Content Security Policy/.test(said.text())) faults.push(said.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(`${url}/`) && !/^(data|blob):/.test(request.url())) faults.push(`request to ${request.url()}`);
  });
  await page.goto(url + path);
  await page.getByRole("main").waitFor();
  return { page, faults };
}

/** Waits until the page has come to rest: nothing is loading, and no colour is on its way to another. */
async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const moving = document.getAnimations().some((a) => a.playState === "running" && Number.isFinite(a.effect?.getComputedTiming().endTime));
    return !moving && !document.querySelector('[aria-busy="true"], [data-loading]');
  });
}

/** Expects that axe finds nothing against WCAG 2.2 AA. It runs outside the page's policy. What floats (menus, tooltips) is in no landmark, on purpose. */
export async function clean(page: Page, where: string): Promise<void> {
  await settled(page);
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (context: Document, options: object) => Promise<{ violations: { id: string; nodes: { html: string; any: { message: string }[] }[] }[] }> } };
    const { violations } = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], rules: { region: { enabled: false } } });
    return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 160)} ${n.any[0]?.message ?? ""}`));
  });
  expect(found, where).toEqual([]);
}
