import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, inject } from "vitest";
import { clean } from "./browser.ts";
import { patience, until } from "./patience.ts";
import { asked, count, flows, panel, rows, stopNow, total } from "./search.ts";

// What users of other consoles complained of, a flow each. Those that need much data are elsewhere, and those that a feature proves are in events.test.ts.
const flow = flows();

const heads = (page: Page) => page.getByRole("columnheader").allTextContents();

/** Exports what is on screen, and returns the lines of the file. */
async function exported(page: Page, ...choices: string[]): Promise<string[]> {
  await page.getByRole("button", { name: "Export" }).click();
  const dialog = page.getByRole("dialog");
  for (const choice of choices) await dialog.getByText(choice, { exact: true }).click();
  const [file] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Export" }).click()]);
  return (await readFile(await file.path(), "utf8")).trimEnd().split("\n");
}

/** Shortens what is on screen, and returns the link as it was told. */
async function shortLink(page: Page, how = "Copy a short link"): Promise<string> {
  await page.getByRole("button", { name: "Copy a link to this search" }).click();
  await page.getByRole("menuitem", { name: how }).click();
  const link = page.getByText(/\/s\/[a-z2-7]{10,}$/).last();
  await link.waitFor();
  return (await link.textContent()) ?? "";
}

/** Opens a link as somebody else, who has nothing of this browser. */
async function elsewhere(page: Page, link: string): Promise<Page> {
  const browser = page.context().browser();
  if (!browser) throw new Error("the page has no browser");
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", timezoneId: "Asia/Shanghai" });
  const other = await context.newPage();
  other.setDefaultTimeout(patience);
  await other.goto(link);
  await rows(other).first().waitFor();
  return other;
}

describe("exports", () => {
  flow("complaint 2: the export has the columns on screen, or all fields, as chosen", "/?q=eventName:+StopInstance&cols=time,requestId,action", async (page) => {
    await rows(page).first().waitFor();
    expect((await exported(page))[0]).toBe("eventTime,requestId,eventName,serviceName,eventRW");
    const all = (await exported(page, "All fields"))[0] ?? "";
    for (const field of ["eventId", "userIdentity.accessKeyId", "sourceIpAddress", "errorCode"]) expect(all.split(",")).toContain(field);
  });

  const long = `eventName: (${Array.from({ length: 780 }, (_, i) => `Stop${i}`).join(" or ")} or StopInstance)`;
  flow("complaint 3: a query of 8 kB can be searched and exported", `/?q=${encodeURIComponent(long)}`, async (page) => {
    expect(long.length).toBeGreaterThan(8192);
    await rows(page).first().waitFor();
    expect(await exported(page)).toHaveLength(1 + (await count(page)));
  });

  flow("complaint 4: an export under a relative range is of the instants on screen", "/?q=eventName:+StopInstance&from=now-6h", async (page) => {
    const query = "eventName: StopInstance and eventRW: Write";
    await total(page).waitFor();
    const onScreen = await count(page);
    const before = await asked(query, { from: "now-6h" });
    await stopNow();
    await expect.poll(() => asked(query, { from: "now-6h" })).toBeGreaterThan(before);
    expect(onScreen).toBeGreaterThan(0);
    expect(await exported(page)).toHaveLength(1 + onScreen);
  });
});

describe("links", () => {
  const path = "/?q=eventName:+StopInstance&f=-userIdentity.userName:bob&from=now-12h&reads=1&cols=time,action,requestId";

  flow("must-have 9, complaint 5: a short link restores filters, columns and time, also when the range is changed after opening", path, async (page) => {
    await rows(page).first().waitFor();
    const link = await shortLink(page);
    expect(link).toMatch(/^http:\/\/[\d.:]+\/s\/[a-z2-7]{10}$/);
    const other = await elsewhere(page, link);
    const same = async () => {
      expect(Object.fromEntries(new URL(other.url()).searchParams)).toMatchObject({ q: "eventName: StopInstance", f: "-userIdentity.userName:bob", reads: "1", cols: "time,action,requestId" });
      expect(await heads(other)).toEqual(["Time (UTC)", "Action", "requestId"]);
      await other.getByRole("button", { name: /^Remove: not userIdentity.userName/ }).waitFor();
    };
    expect(new URL(other.url()).searchParams.get("from")).toBe("now-12h");
    await same();
    await other.getByRole("button", { name: /Time range/ }).click();
    await other.getByRole("button", { name: "Last 7 days" }).click();
    await other.waitForURL(/from=now-7d/);
    await same();
    await other.reload();
    await rows(other).first().waitFor();
    expect(new URL(other.url()).searchParams.get("from")).toBe("now-7d");
    await same();
    await other.context().close();
  });

  flow("complaint 5: the columns that a browser keeps are in the link, and a link can stay with its instants", "/?q=eventName:+StopInstance", async (page) => {
    await page.getByRole("textbox", { name: "Find a field" }).fill("acsRegion");
    await page.getByRole("button", { name: "Show acsRegion as a column" }).click();
    await page.goto(`${inject("url")}/?q=eventName:+StopInstance`);
    await rows(page).first().waitFor();
    expect(await heads(page)).toContain("acsRegion");
    const shown = await count(page);
    const link = await shortLink(page, "… to exactly these instants");
    await stopNow();
    await expect.poll(() => asked("eventName: StopInstance and eventRW: Write")).toBeGreaterThan(shown);
    const other = await elsewhere(page, link);
    expect(await heads(other)).toContain("acsRegion");
    expect(await count(other)).toBe(shown);
    await other.context().close();
  });

  flow("complaint 6: filters that were added after a saved search was loaded are in the link, which outlives the search", path, async (page) => {
    const name = "to be deleted";
    const saved = () => page.getByRole("button", { name: "Saved searches" }).click();
    await rows(page).first().waitFor();
    await saved();
    await page.getByRole("textbox", { name: "Name" }).fill(name);
    await page.getByText("For everybody").click();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("button", { name: new RegExp(`^${name}`) }).waitFor();
    await page.goto(inject("url"));
    await saved();
    await page.getByRole("button", { name: new RegExp(`^${name}`) }).click();
    await page.waitForURL(/StopInstance/);
    await rows(page).first().click();
    await panel(page).getByRole("button", { name: "Only events with resourceName" }).click();
    await page.waitForURL(/f=resourceName/);
    const link = await shortLink(page);
    await saved();
    await page.getByRole("button", { name: `Delete ${name}` }).click();
    await expect.poll(() => page.getByRole("button", { name: new RegExp(`^${name}`) }).count()).toBe(0);
    const other = await elsewhere(page, link);
    expect(new URL(other.url()).searchParams.getAll("f")).toEqual(["-userIdentity.userName:bob", "resourceName?"]);
    await other.context().close();
  });

  flow("a short link that is none says so", "/s/aaaaaaaaaa", async (page) => {
    await page.getByRole("heading", { name: "There is no such short link" }).waitFor();
    await clean(page, "no such link");
  });
});

describe("the table", () => {
  flow("complaint 7: a value is included or excluded by one click, from a row that is open in place, too", "/", async (page) => {
    const row = rows(page).first();
    await row.getByRole("button", { name: "Show all fields here" }).click();
    await row.getByRole("button", { name: /^Without eventName/ }).click();
    await page.waitForURL(/f=-eventName:/);
  });

  flow("complaint 11: a value of 32 kB does not stretch the table, its row opens in place, and a frozen range stays when one searches again", "/", async (page) => {
    const agent = `long/${"0123456789abcdef ".repeat(1930)}`;
    expect(agent.length).toBeGreaterThan(32 << 10);
    const id = await stopNow({ http_user_agent: agent });
    const query = "userAgent: long*";
    await until("the event with the long value", patience, async () => (await asked(query)) > 0);
    const from = new Date(Date.now() - 3600_000).toISOString();
    const to = new Date().toISOString();
    await page.goto(`${inject("url")}/?${new URLSearchParams({ q: query, from, to, cols: "time,userAgent,action" })}`);
    const row = rows(page).first();
    await row.waitFor();
    const inside = async () => {
      const grid = page.getByRole("grid");
      expect(await grid.evaluate((box) => box.scrollWidth - box.clientWidth)).toBeLessThanOrEqual(0);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    };
    const height = async () => (await row.boundingBox())?.height ?? 0;
    await inside();
    expect(await height()).toBeLessThan(40);
    // Wrapped it takes more lines, but not the page.
    await page.getByRole("button", { name: "How the rows look" }).click();
    await page.getByRole("menuitemcheckbox", { name: "Wrap long values" }).click();
    await expect.poll(height).toBeGreaterThan(60);
    expect(await height()).toBeLessThan(200);
    await inside();
    await page.getByRole("menuitemcheckbox", { name: "Wrap long values" }).click();
    await page.keyboard.press("Escape");
    await expect.poll(height).toBeLessThan(40);
    await row.getByRole("button", { name: "Show all fields here" }).click();
    await row.getByText(id.slice(0, 12)).first().waitFor();
    await expect.poll(height).toBeGreaterThan(200);
    expect(await height()).toBeLessThan(500);
    await inside();
    expect(await panel(page).count()).toBe(0);
    await clean(page, "a row that is open");
    await row.getByRole("button", { name: "Close these fields" }).click();
    await expect.poll(height).toBeLessThan(40);
    const shown = await count(page);
    await stopNow({ http_user_agent: agent });
    await expect.poll(() => asked(query)).toBeGreaterThan(shown);
    const answered = page.waitForResponse((r) => r.url().includes("/api/v1/events?"));
    await page.getByRole("button", { name: "Search again" }).click();
    expect(new URL((await answered).url()).searchParams.get("to")).toBe(to);
    expect(await count(page)).toBe(shown);
    expect(new URL(page.url()).searchParams.get("from")).toBe(from);
  });

  flow("complaint 15: the time of an event is the same in table, panel and export", "/?q=eventName:+StopInstance", async (page) => {
    const row = rows(page).first();
    await row.waitFor();
    const time = ((await row.getByRole("gridcell").first().textContent()) ?? "").trim();
    expect(time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/);
    await row.click();
    await panel(page).getByText(`${time} Z`).waitFor();
    expect((await exported(page))[1]).toContain(`${time.replace(" ", "T")}Z`);
  });

  flow("complaint 17: the whole row opens the panel", "/", async (page) => {
    const row = rows(page).nth(1);
    await row.waitFor();
    const box = await row.boundingBox();
    if (!box) throw new Error("the row has no place");
    for (const part of [0.2, 0.5, 0.98]) {
      await row.click({ position: { x: box.width * part, y: box.height / 2 } });
      await panel(page).waitFor();
      await page.keyboard.press("Escape");
      await panel(page).waitFor({ state: "detached" });
    }
  });

  // A range that is over: searching is an event, too, and comes between the two questions of a page.
  const today = () => Promise.resolve(`/?reads=1&from=${new Date(Date.now() - 24 * 3600_000).toISOString()}&to=${new Date(Date.now() - 60_000).toISOString()}`);
  flow("complaint 19: the histogram counts the whole range, not the rows that are loaded", today, async (page) => {
    await rows(page).first().waitFor();
    await expect.poll(() => page.getByRole("img", { name: /^Events over time: / }).count()).toBe(1);
    const name = (await page.getByRole("img", { name: /^Events over time: / }).getAttribute("aria-label")) ?? "";
    const counted = Number(name.replace(/^.*: /, "").replaceAll(",", ""));
    expect(counted).toBe(await count(page));
    expect(counted).toBeGreaterThan(1000);
    expect(await total(page).textContent()).toContain("first 200 shown");
  });
});
