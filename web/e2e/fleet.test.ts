import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { clean, launch, open } from "./browser.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test("the fleet is shown, an agent opens, and leads to its events", async () => {
  const { page, faults } = await open(browser, "/agents");
  await page.getByRole("link", { name: "quickstart" }).click();
  await page.waitForURL(/agent=quickstart/);
  await page.getByRole("heading", { name: "Source edge" }).waitFor();
  await page.getByText("Live").first().waitFor();
  await clean(page, "an agent");
  await page.getByRole("link", { name: "Its events", exact: true }).click();
  await page.waitForURL(/origin.agent/);
  await page.locator("[role=row][id]").first().waitFor();
  expect(faults).toEqual([]);
  await page.context().close();
});

test.each(["light", "dark"] as const)("who needs somebody stands first, with what to do, %s", async (colorScheme) => {
  const { page, faults } = await open(browser, "/settings", { colorScheme });
  const real = (await (await fetch(`${inject("url")}/api/v1/agents`)).json()) as { agents: { agent: string; state: string; sources: object[] }[] };
  const [first] = real.agents;
  if (!first) throw new Error("no agent");
  const one = { ...first, sources: first.sources.map((s) => ({ ...s, unmapped: 0, unmappedRate: 0 })) };
  const agents = [one, { ...one, agent: "gone", state: "silent" }, { ...one, agent: "shapes", sources: one.sources.map((s) => ({ ...s, unmapped: 12, unmappedRate: 0.2, events: 60 })) }];
  await page.route("**/api/v1/agents", (route) => route.fulfill({ json: { agents, unmapped: [] } }));
  await page.goto(`${inject("url")}/agents`);
  await page.getByText("No report for 25 seconds.").waitFor();
  expect(await page.getByRole("table").getByRole("link").allTextContents()).toEqual(["gone", "shapes", "quickstart"]);
  await clean(page, "the fleet");
  // On a phone nothing of it is out of sight.
  await page.setViewportSize({ width: 390, height: 844 });
  const fleet = page.getByRole("region", { name: "Agents", exact: true });
  const hidden = () => fleet.evaluate((e) => e.scrollWidth - e.clientWidth);
  await expect.poll(hidden).toBe(0);
  await clean(page, "the fleet on a phone");
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("link", { name: "shapes" }).click();
  await page.getByText("actiontrail map learn").waitFor();
  await clean(page, "unmapped");
  expect(faults).toEqual([]);
  await page.context().close();
});
