import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { clean, launch, open } from "./browser.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

test("the status shows the index, the stream, and how far each follower is behind", async () => {
  const { page, faults } = await open(browser, "/status");
  const status = (await (await fetch(`${inject("url")}/api/v1/status`)).json()) as { followers: { name: string }[] };
  await page.getByRole("region", { name: "Index", exact: true }).waitFor();
  for (const { name } of status.followers) await page.getByRole("img", { name: `How far ${name} was behind` }).first().waitFor();
  await clean(page, "status");
  await page.getByRole("tab", { name: "Quarantine" }).click();
  await page.waitForURL(/tab=quarantine/);
  await page.getByText("Nothing is in quarantine").waitFor();
  await clean(page, "an empty quarantine");
  expect(faults).toEqual([]);
  await page.context().close();
});

test.each(["light", "dark"] as const)("what is in quarantine says what it means, and is taken in again, %s", async (colorScheme) => {
  const { page, faults } = await open(browser, "/settings", { colorScheme });
  const entry = (id: string, reason: string) => ({ id, seq: 7, subject: `events.demo.edge.${id}`, stored: "2026-11-21T10:00:00Z", reason, detail: "the key is not enrolled", bytes: 1234 });
  const taken = { ...entry("7", "unknown key"), takenIn: "2026-11-22T10:00:00Z", takenInEvents: 40, knownEvents: 2 };
  await page.route("**/api/v1/quarantine?*", (route) => route.fulfill({ json: { entries: [entry("7", "unknown key"), entry("8", "bad signature")], total: 2 } }));
  await page.route("**/api/v1/quarantine/7/retry", (route) => route.fulfill({ json: taken }));
  await page.route("**/api/v1/quarantine/8/retry", (route) => route.fulfill({ status: 409, contentType: "application/problem+json", json: { type: "x", title: "It is refused again", status: 409, detail: "the signature is still bad" } }));
  await page.goto(`${inject("url")}/status?tab=quarantine`);
  await page.getByText("signed by a key that is not enrolled").waitFor();
  await clean(page, "quarantine");
  await page.getByRole("button", { name: "Take in all 2 that wait" }).click();
  await page.getByText("40 events, 2 were known already").waitFor();
  await page.getByText("the signature is still bad").waitFor();
  await clean(page, "answers");
  expect(faults.filter((f) => !/status of 409/.test(f))).toEqual([]);
  await page.context().close();
});
