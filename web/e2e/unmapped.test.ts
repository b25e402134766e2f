import { appendFile, readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { clean, launch, open } from "./browser.ts";
import { patience, until } from "./patience.ts";
import { at } from "./records.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

type Told = { unmapped: { mapper?: string; hcl: string; routes: { pattern: string }[] }[] };

test.each(["light", "dark"] as const)("requests without a route come with the lines for them, ready to be copied, %s", async (colorScheme) => {
  const line = (await readFile(inject("log"), "utf8")).split("\n").find((l) => l.includes('"status":200') && l.includes("request_uri"));
  if (!line) throw new Error("no line in the log");
  const secret = "ghp_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ";
  const asking = (method: string, uri: string) => {
    const record = JSON.parse(at(line, Date.now() / 1000)) as Record<string, unknown>;
    return JSON.stringify({ ...record, request_method: method, request_uri: uri, request: `${method} ${uri} HTTP/1.1`, request_id: crypto.randomUUID() });
  };
  const lines = Array.from({ length: 12 }, (_, i) => asking("DELETE", `/v7/parcels/${100 + i}?key=${secret}`));
  await appendFile(inject("log"), [...lines, asking("POST", `/v7/parcels/9/${secret}`)].join("\n") + "\n");
  const told = async () => ((await (await fetch(`${inject("url")}/api/v1/agents`)).json()) as Told).unmapped;
  await until("the agent to tell of them", patience, async () => (await told()).some((u) => u.routes.some((r) => r.pattern === "DELETE /v7/parcels/{parcel}")));

  const { page, faults } = await open(browser, "/agents", { colorScheme, permissions: ["clipboard-read", "clipboard-write"] });
  const card = page.getByRole("region", { name: "Requests without a route" });
  const mapper = card.getByRole("region", { name: "For mapper demo", exact: true });
  await mapper.getByRole("cell", { name: "DELETE /v7/parcels/{parcel}" }).waitFor();
  await mapper.getByText('action   = "DeleteParcel"').waitFor();
  expect(await page.content()).not.toContain("ghp_");
  await mapper.getByRole("button", { name: "Copy the lines" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain('route "DELETE /v7/parcels/{parcel}" {');
  expect((await told()).find((u) => u.mapper === "demo")?.hcl.split("\n").filter((l) => l.startsWith("route")).every((l) => copied.includes(l))).toBe(true);
  await clean(page, "the fleet with what it lacks");

  await page.getByRole("table").first().getByRole("link", { name: "quickstart" }).click();
  await page.getByRole("heading", { name: "Source edge" }).waitFor();
  await page.getByRole("cell", { name: "DELETE /v7/parcels/{parcel}" }).waitFor();
  await clean(page, "an agent with what it lacks");
  expect(faults).toEqual([]);
  await page.context().close();
});

test("what a mapper lacks fits on a phone", async () => {
  const { page, faults } = await open(browser, "/agents", { viewport: { width: 390, height: 800 } });
  const routes = Array.from({ length: 20 }, (_, i) => ({ pattern: `GET /v1/${"long-".repeat(6)}collection-${i}/{id}`, ignore: i === 3, service: "Collection", action: `GetItem${i}`, count: 1000 - i, example: `/v1/x/${"0".repeat(150)}`, agents: 2, hcl: "" }));
  const unmapped = [{ account: "prod", sources: Array.from({ length: 30 }, (_, i) => `gw-${i}/admin`), events: 12345, proposed: 70, routes, hcl: `mapper "admin" {\n${"  # a line\n".repeat(60)}}\n` }];
  const real = (await (await fetch(`${inject("url")}/api/v1/agents`)).json()) as { agents: object[] };
  await page.route("**/api/v1/agents", (route) => route.fulfill({ json: { agents: real.agents, unmapped } }));
  await page.reload();
  const group = page.getByRole("region", { name: "For source admin, which has no mapper yet", exact: true });
  await group.getByText("12,345 requests").waitFor();
  await group.getByText("50 more lines are proposed").waitFor();
  expect(await group.getByRole("row").count()).toBe(9);
  await group.getByRole("button", { name: "Show all 20" }).click();
  expect(await group.getByRole("row").count()).toBe(21);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await clean(page, "on a phone");
  expect(faults).toEqual([]);
  await page.context().close();
});
