import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { clean, launch, open } from "./browser.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** A flow on a page of its own, which must not have gone wrong anywhere. */
function flow(name: string, path: string | (() => Promise<string>), run: (page: Page) => Promise<void>, options?: Parameters<typeof open>[2]) {
  test(name, async () => {
    const { page, faults } = await open(browser, typeof path === "string" ? path : await path(), options);
    await run(page);
    expect(faults).toEqual([]);
    await page.context().close();
  });
}

async function answer<T>(path: string, query: Record<string, string>): Promise<T> {
  const got = await fetch(`${inject("url")}/api/v1/${path}?${new URLSearchParams(query)}`);
  expect(got.status).toBe(200);
  return (await got.json()) as T;
}

const total = async (query: string) => (await answer<{ total: number }>("events", { query, limit: "0", from: "now-7d" })).total;
const values = async (field: string, query: string) => (await answer<{ values: { value: string; count: number }[] }>(`fields/${field}/values`, { query, from: "now-7d" })).values;
const part = (page: Page, name: string) => page.getByRole("region", { name, exact: true });
/** The value of a figure of the page, without commas. */
const figure = async (page: Page, where: string, name: string) => (await part(page, where).locator("div", { has: page.getByText(name, { exact: true }) }).last().locator("b").textContent())?.replaceAll(",", "");
const input = (page: Page) => page.getByRole("textbox", { name: "Actor, access key, address or resource" });
const stopped = async () => (await values("resourceName", "eventName: StopInstance and not errorCode: *"))[0]?.value ?? "";

describe("investigate", () => {
  flow("begins with who is most active, who fails most, and places that are new or rare", "/investigate?from=now-6h", async (page) => {
    await part(page, "Most active").getByRole("button").first().waitFor();
    await part(page, "Most failures").getByRole("button").first().waitFor();
    // The demo's half day has a period before the last six hours, so places are compared.
    await part(page, "New places").waitFor();
    await part(page, "Most changed resources").getByRole("button").first().click();
    await page.waitForURL(/resource=/);
    expect(new URL(page.url()).searchParams.get("from")).toBe("now-6h");
  });

  flow("finds a name by its first letters, and opens its page with the keys alone", "/investigate", async (page) => {
    await input(page).click();
    await page.keyboard.type("ali");
    await page.getByRole("option", { name: /^alice/ }).first().waitFor();
    await clean(page, "suggestions");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/actor=alice/);
    await expect.poll(() => figure(page, "In figures", "Events")).toBe(String(await total("userIdentity.userName: alice or userIdentity.principalId: alice")));
  });

  flow("knows an address when it sees one, and takes another kind when told", "/investigate", async (page) => {
    await input(page).fill("203.0.113.77");
    await input(page).press("Enter");
    await page.waitForURL(/ip=203\.0\.113\.77/);
    await part(page, "Who").getByRole("button").first().waitFor();
    await page.getByText("Resource", { exact: true }).click();
    await page.waitForURL(/resource=203/);
    await page.getByRole("heading", { name: "Nothing is known of it here" }).waitFor();
    await page.goBack();
    await part(page, "Who").getByRole("button").first().waitFor();
  });

  flow("tells of an actor: figures, sign-ins, and what else leads on", "/investigate?actor=alice", async (page) => {
    const of = "(userIdentity.userName: alice or userIdentity.principalId: alice)";
    await expect.poll(() => figure(page, "In figures", "Failures")).toBe(String(await total(`${of} and errorCode: *`)));
    await expect.poll(() => figure(page, "Sign-ins to the console", "Sign-ins")).toBe(String(await total(`${of} and eventType: ConsoleSignin`)));
    await expect.poll(() => figure(page, "Sign-ins to the console", "Failures")).toBe(String(await total(`${of} and eventType: ConsoleSignin and errorCode: *`)));
    // A value without a page of its own narrows down, and can be taken away again.
    const action = part(page, "Actions").getByRole("button").first();
    await action.click();
    await page.waitForURL(/f=eventName/);
    await expect.poll(() => part(page, "Actions").getByRole("button").count()).toBe(1);
    await page.getByRole("button", { name: /^Remove: eventName/ }).click();
    await expect.poll(() => new URL(page.url()).searchParams.has("f")).toBe(false);
    await part(page, "From where").getByRole("button").first().click();
    await page.waitForURL(/ip=/);
  });

  flow("answers in one click who stopped an instance, when, and from where", async () => `/investigate?resource=${await stopped()}`, async (page) => {
    const instance = new URL(page.url()).searchParams.get("resource") ?? "";
    const line = part(page, "What happened to it").getByRole("listitem").filter({ hasText: "StopInstance" }).filter({ hasNotText: "failed" }).first();
    await line.waitFor();
    expect(await line.textContent()).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.* did StopInstance on .* from [\d.]+/);
    await line.getByRole("link", { name: /^Open the event: StopInstance/ }).click();
    await page.waitForURL(/event=/);
    const panel = page.getByRole("complementary", { name: "Event" });
    // And back from the event to the page of what it was about.
    await panel.getByRole("link", { name: instance }).click();
    await page.waitForURL(/investigate\?resource=/);
    await part(page, "What happened to it").waitFor();
  });

  flow("audit: tells of an access key which services it used, from which addresses, and when it was used last", async () => `/investigate?key=${encodeURIComponent((await values("userIdentity.accessKeyId", ""))[0]?.value ?? "")}`, async (page) => {
    const key = new URL(page.url()).searchParams.get("key") ?? "";
    const of = `userIdentity.accessKeyId: "${key}"`;
    for (const [name, field] of [["Services", "serviceName"], ["From where", "sourceIpAddress"]] as const) {
      const listed = part(page, name).getByRole("button");
      await listed.first().waitFor();
      const [most] = await values(field, of);
      expect(await listed.first().textContent(), name).toContain(most?.value);
    }
    const { events } = await answer<{ events: { eventTime: string }[] }>("events", { query: of, limit: "1", from: "now-7d" });
    await expect.poll(() => figure(page, "In figures", "Last used")).toBe(events[0]?.eventTime.replace("T", " ").replace(/\..*Z$|Z$/, ""));
  });

  flow("shows all its events in the search", "/investigate?ip=203.0.113.77", async (page) => {
    await page.getByRole("link", { name: "Show the events" }).click();
    await page.waitForURL(/reads=1/);
    await expect.poll(async () => ((await page.getByRole("status").first().textContent()) ?? "").split(" ")[0]?.replaceAll(",", "")).toBe(String(await total("sourceIpAddress: 203.0.113.77")));
  });

  test.each(["light", "dark"] as const)("axe finds nothing on a page of each kind, %s", async (colorScheme) => {
    const { page, faults } = await open(browser, "/investigate", { colorScheme });
    const [key] = await values("userIdentity.accessKeyId", "");
    for (const subject of ["actor=alice&f=eventRW:Write", "ip=203.0.113.77", `resource=${await stopped()}`, `key=${encodeURIComponent(key?.value ?? "LTAI")}`]) {
      await page.goto(`${inject("url")}/investigate?${subject}`);
      await page.getByRole("heading", { level: 2 }).nth(1).waitFor();
      await page.waitForLoadState("networkidle");
      await clean(page, `${subject} ${colorScheme}`);
    }
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
