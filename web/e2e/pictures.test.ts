import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, inject, test } from "vitest";
import { launch, open } from "./browser.ts";
import { patience, until } from "./patience.ts";

const dir = resolve(import.meta.dirname, "../../docs/images");

/** Each page, and what to wait for or do before its picture is taken. */
const rows = (page: Page) => page.locator("[role=row][id]").first().waitFor();

/** The archives have their first objects a minute after the server began. */
const delivered = () =>
  until("an object in each archive", patience, async () => {
    const { trails } = (await (await fetch(`${inject("url")}/api/v1/trails`)).json()) as { trails: { objects: number }[] };
    return trails.every((trail) => trail.objects > 0);
  });

const pictures: { name: string; path: string; ready: (page: Page) => Promise<unknown> }[] = [
  {
    name: "events",
    path: "/",
    ready: async (page) => {
      await rows(page);
      await page.locator(".u-over").waitFor();
      await page.locator(".cm-content").waitFor();
    },
  },
  {
    name: "event",
    path: "/?q=eventName:+(Delete*+or+StopInstance+or+StopLogging)&f=-userIdentity.userName:ci-deployer&by=userIdentity.userName",
    ready: async (page) => {
      await rows(page);
      await page.locator(".cm-content").waitFor();
      await page.locator("[role=row][id]").nth(1).click();
      await page.getByRole("tab", { name: "JSON" }).waitFor();
    },
  },
  { name: "events-none", path: "/?q=eventName:+NoSuchThing&from=now-15m", ready: (page) => page.getByRole("heading", { name: "No event matches" }).waitFor() },
  { name: "investigate", path: "/investigate?from=now-6h", ready: (page) => page.getByRole("region", { name: "New places" }).getByText(/\d/).first().waitFor() },
  {
    name: "actor",
    path: "/investigate?actor=alice&from=now-12h",
    ready: async (page) => {
      await page.locator(".u-over").waitFor();
      await page.getByRole("region", { name: "Signed in from" }).getByRole("button").first().waitFor();
    },
  },
  {
    name: "resource",
    path: "/investigate?resource=i-df1d47e374e1&from=now-12h",
    ready: async (page) => {
      await page.locator(".u-over").waitFor();
      await page.getByRole("region", { name: "What happened to it" }).getByRole("listitem").first().waitFor();
    },
  },
  {
    name: "trails",
    path: "/trails",
    ready: async (page) => {
      await delivered();
      await page.getByRole("region", { name: "security", exact: true }).getByText("Last object").waitFor();
    },
  },
  {
    name: "trail",
    path: "/trails?trail=security",
    ready: async (page) => {
      await delivered();
      await page.getByText("trail \"security\"").waitFor();
    },
  },
  {
    name: "trail-new",
    path: "/trails?form=new",
    ready: async (page) => {
      await page.getByLabel("Name").fill("writes");
      await page.getByLabel("Folder on the server").fill("./data/archive-writes");
      await page.getByLabel("Reads and writes").selectOption("Write");
      await page.locator(".cm-content").waitFor();
      await page.getByRole("button", { name: "Preview" }).click();
      await page.getByText("last 7 days match").waitFor();
    },
  },
  { name: "agents", path: "/agents", ready: (page) => page.getByRole("link", { name: "quickstart" }).waitFor() },
  { name: "agent", path: "/agents?agent=quickstart", ready: (page) => page.getByRole("heading", { name: "Source edge" }).waitFor() },
  { name: "status", path: "/status", ready: (page) => page.getByText("Followers of the stream").waitFor() },
  { name: "quarantine", path: "/status?tab=quarantine", ready: (page) => page.getByText("Nothing is in quarantine").waitFor() },
  { name: "settings", path: "/settings", ready: (page) => page.getByRole("heading", { name: "Settings" }).waitFor() },
  {
    name: "integrity",
    path: "/integrity",
    ready: async (page) => {
      const all = page.getByRole("region", { name: "all", exact: true });
      await delivered();
      await all.getByRole("button", { name: "Verify now" }).click();
      await all.getByText(/[1-9]\d* objects?, [1-9]/).waitFor();
      await all.getByText(/has the newest/).waitFor();
    },
  },
];

const sizes = { "": { width: 1280, height: 800 }, "-phone": { width: 390, height: 844 } };

let browser: Browser;
beforeAll(async () => {
  await mkdir(dir, { recursive: true });
  browser = await launch();
});
afterAll(() => browser.close());

for (const { name, path, ready } of pictures) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const [suffix, viewport] of Object.entries(sizes)) {
      const file = `${name}-${colorScheme}${suffix}.png`;
      test(file, async () => {
        const { page } = await open(browser, path, { colorScheme, viewport });
        await ready(page);
        await page.evaluate(() => document.fonts.ready);
        await page.screenshot({ path: resolve(dir, file) });
        await page.context().close();
      });
    }
  }
}
