import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { clean, launch, open } from "./browser.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

function flow(name: string, path: string, run: (page: Page) => Promise<void>, options?: Parameters<typeof open>[2]) {
  test(name, async () => {
    const { page, faults } = await open(browser, path, options);
    await run(page);
    expect(faults.filter((f) => !/status of 40[049]/.test(f))).toEqual([]);
    await page.context().close();
  });
}

/** In the theme of the page, and in the other one. */
async function cleanInBoth(page: Page, where: string): Promise<void> {
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
    await clean(page, `${where}, ${colorScheme}`);
  }
}

flow("every trail is listed with its state and figures, and opens", "/trails", async (page) => {
  const card = page.getByRole("region", { name: "security", exact: true });
  await card.getByText("Running").waitFor();
  await card.getByText("eventType: ConsoleSignin").waitFor();
  await cleanInBoth(page, "the list");
  await card.getByRole("link", { name: "security" }).click();
  await page.waitForURL(/trail=security/);
  await page.getByRole("heading", { name: "Delivery file" }).waitFor();
  await page.getByText("It is declared at").waitFor();
  await page.getByRole("region", { name: "As a configuration has it" }).getByText('trail "security"').waitFor();
  expect(await page.getByRole("button", { name: "Delete" }).count()).toBe(0);
  await cleanInBoth(page, "a trail");
});

flow("a trail is planned, made, stopped, started, backfilled, edited and deleted", "/trails?form=new", async (page) => {
  await page.getByLabel("Name").fill("console-made");
  await page.getByRole("button", { name: "Preview" }).click();
  // The folder is missing: the server says so, and it is told at its field.
  await expect.poll(() => page.getByLabel("Folder on the server").getAttribute("aria-invalid")).toBe("true");
  await cleanInBoth(page, "mistakes");
  await page.getByLabel("Folder on the server").fill("./data/console-made");
  await page.getByLabel("Services").fill("Ecs");
  await page.locator(".cm-content").click();
  await page.keyboard.insertText("eventName: Stop*");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByText(/events of the last 7 days match/).waitFor();
  await cleanInBoth(page, "the plan");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/trail=console-made/);
  await page.getByRole("button", { name: "Stop" }).click();
  const stop = page.getByRole("dialog", { name: "Stop console-made?" });
  await stop.getByText("From now on it delivers nothing").waitFor();
  await cleanInBoth(page, "the question");
  await stop.getByRole("button", { name: "Stop" }).click();
  await page.getByText("Stopped since").waitFor();
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Start" }).click();
  await page.getByRole("button", { name: "Stop" }).waitFor();
  await page.getByRole("button", { name: "Backfill" }).click();
  const backfill = page.getByRole("dialog", { name: "Backfill console-made" });
  await backfill.getByLabel("To (UTC)").fill("2020-01-01");
  await backfill.getByRole("button", { name: "Begin" }).click();
  await backfill.getByText("The end is before the begin.").waitFor();
  await cleanInBoth(page, "a wrong backfill");
  await backfill.getByLabel("To (UTC)").fill("");
  await backfill.getByRole("button", { name: "Begin" }).click();
  await backfill.getByText(/Done, [\d,]+ events/).waitFor();
  await cleanInBoth(page, "the backfill");
  await backfill.getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("link", { name: "Edit" }).click();
  const text = page.getByLabel("As a configuration has it");
  await expect.poll(() => text.inputValue()).toContain("Stop*");
  await text.fill((await text.inputValue()).replace("Stop*", "Start*"));
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByText(/more than now/).waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("region", { name: "As a configuration has it" }).getByText("Start*").waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog", { name: "Delete console-made?" }).waitFor();
  await cleanInBoth(page, "the question before a trail is deleted");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  // Its page goes before its trail does: the list is shown, and no question is left open.
  await page.waitForURL((url) => !url.search.includes("console-made"));
  await page.getByRole("region", { name: "security", exact: true }).waitFor();
  expect(await page.getByRole("dialog").count()).toBe(0);
  await expect.poll(async () => (await fetch(`${inject("url")}/api/v1/trails/console-made`)).status).toBe(404);
});

flow("a receiver that refuses is named, its trail too, and is told again", "/settings", async (page) => {
  const { trails } = (await (await fetch(`${inject("url")}/api/v1/trails`)).json()) as { trails: { name: string; deliver: object[] }[] };
  const notify = [{ kind: "webhook", target: "https://hooks.example.com/a", sent: 4, refused: 1, lastError: "403 Forbidden" }];
  const told = trails.map((trail) => (trail.name === "security" ? { ...trail, state: "failing", lastError: "no space left on device", deliver: trail.deliver.map((d) => ({ ...d, state: "failing", lastError: "no space left on device", notify })) } : trail));
  let again = 0;
  await page.route("**/api/v1/trails", (route) => route.fulfill({ json: { trails: told } }));
  await page.route("**/api/v1/trails/security/renotify", async (route) => {
    again++;
    await route.fulfill({ json: { renotified: 1 } });
  });
  await page.goto(`${inject("url")}/status`);
  const refused = page.getByRole("region", { name: "Notifications that were refused" });
  await refused.getByText("403 Forbidden").waitFor();
  await cleanInBoth(page, "refused notifications");
  await refused.getByRole("button", { name: "Tell again what was refused" }).click();
  await expect.poll(() => again).toBe(1);
  await refused.getByRole("link", { name: "security · file" }).click();
  await page.getByText("no space left on device").first().waitFor();
  await cleanInBoth(page, "a trail that fails");
});

test("a trail that sends its events tells what was sent and refused, and nothing of objects", async () => {
  let strange = "";
  const receiver = createServer((request, answer) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      const events = body.split("\n").filter(Boolean);
      strange ||= events[0] ?? "";
      answer.writeHead(events.includes(strange) ? 422 : 200).end("one is too strange");
    });
  });
  await new Promise<void>((listens) => receiver.listen(0, "127.0.0.1", listens));
  const { page, faults } = await open(browser, "/trails");
  const text = `trail "sent" {\n  where = "eventRW: Write"\n  deliver "webhook" { url = "http://127.0.0.1:${(receiver.address() as AddressInfo).port}/audit" }\n}\n`;
  const made = await page.request.put(new URL("/api/v1/trails/sent", page.url()).href, { data: text, headers: { "Content-Type": "application/hcl" } });
  expect(await made.text()).toContain('"sent"');
  await page.goto(new URL("/trails?trail=sent", page.url()).href);
  const card = page.getByRole("region", { name: "Delivery webhook" });
  await card.getByText("too strange").waitFor();
  await expect.poll(() => card.getByText("Events delivered").locator("..").textContent()).toMatch(/[1-9]/);
  await expect.poll(() => card.getByText("Refused", { exact: true }).locator("..").textContent()).toMatch(/1/);
  expect(await card.getByText("Objects").count()).toBe(0);
  expect(await card.getByText("Last seal").count()).toBe(0);
  expect(await page.getByRole("button", { name: "Backfill" }).count()).toBe(0);
  await cleanInBoth(page, "a trail that sends");
  if (process.env["PICTURE"]) await page.screenshot({ path: process.env["PICTURE"], fullPage: true });
  await page.goto(new URL("/integrity", page.url()).href);
  await page.getByText("security").first().waitFor();
  expect(await page.getByText("webhook").count()).toBe(0);
  await page.request.delete(new URL("/api/v1/trails/sent", page.url()).href);
  expect(faults.filter((f) => !/status of 40[049]/.test(f))).toEqual([]);
  await page.context().close();
  receiver.close();
});
