import { appendFile, readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { clean, launch, open } from "./browser.ts";
import { patience, until } from "./patience.ts";
import { at } from "./records.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const rows = (page: Page) => page.locator("[role=row][id]");
const total = (page: Page) => page.getByRole("status").filter({ hasText: /events|event/ }).first();
const count = async (page: Page) => Number(((await total(page).textContent()) ?? "").split(" ")[0]?.replaceAll(",", ""));

/** What the API says of the same question. */
async function asked(query: string, more: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(`${inject("url")}/api/v1/events?${new URLSearchParams({ query, limit: "0", from: "now-24h", to: "now", ...more })}`);
  return ((await answer.json()) as { total: number }).total;
}

/** The editor, once it has taken the plain input's place. */
async function editor(page: Page) {
  const at = page.locator(".cm-content");
  await at.waitFor();
  return at;
}

async function search(page: Page, query: string) {
  const box = await editor(page);
  await box.click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(query);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Search", exact: true }).click();
}

/** Runs a flow on a page of its own, and expects nothing to have gone wrong beside it. */
function flow(name: string, path: string, run: (page: Page) => Promise<void>, options?: Parameters<typeof open>[2]) {
  test(name, async () => {
    const { page, faults } = await open(browser, path, options);
    await run(page);
    expect(faults.filter((f) => !/status of 40[04]/.test(f))).toEqual([]);
    await page.context().close();
  });
}

describe("search", () => {
  flow("needs no set-up: the front page shows writes of the last day, their exact total and the time taken", "/?f=-serviceName:Actiontrail", async (page) => {
    await rows(page).first().waitFor();
    await expect.poll(() => count(page)).toBe(await asked("eventRW: Write and not serviceName: Actiontrail"));
    expect(await total(page).textContent()).toMatch(/in \d+ ms · first 200 shown/);
    expect(await page.getByRole("button", { name: "Writes only" }).getAttribute("aria-pressed")).toBe("true");
    await page.getByRole("button", { name: "Writes only" }).click();
    await page.waitForURL(/reads=1/);
    await expect.poll(() => count(page)).toBe(await asked("not serviceName: Actiontrail"));
  });

  flow("a query is run, is in the address, its matches are marked, and Back undoes it", "/", async (page) => {
    await search(page, "eventName: StopInstance");
    await page.waitForURL(/q=eventName:\+StopInstance/);
    await expect.poll(() => count(page)).toBe(await asked("eventName: StopInstance"));
    expect(await page.locator("mark").first().textContent()).toBe("StopInstance");
    await page.goBack();
    await expect.poll(() => count(page)).toBe(await asked("eventRW: Write"));
    await expect.poll(async () => (await editor(page)).textContent()).not.toContain("StopInstance");
  });

  flow("fields and values are completed by the server", "/", async (page) => {
    const box = await editor(page);
    await box.click();
    await page.keyboard.type("eventNa");
    const first = page.locator(".cm-tooltip-autocomplete li", { hasText: "eventName" });
    await first.waitFor();
    await first.click();
    await page.keyboard.type("Sto");
    const value = page.locator(".cm-tooltip-autocomplete li", { hasText: "StopInstance" });
    await value.waitFor();
    await expect.poll(() => value.getAttribute("aria-selected")).toBe("true");
    await page.keyboard.press("Tab");
    await expect.poll(() => box.textContent()).toMatch(/^eventName: ?StopInstance/);
  });

  flow("a mistake is shown under its character, and says what to do", "/", async (page) => {
    const box = await editor(page);
    await box.click();
    await page.keyboard.insertText("eventName: a) and x");
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toContain("at character 13");
    await expect.poll(() => page.locator(".cm-mistake").textContent()).toBe(")");
    await clean(page, "with a mistake");
  });

  flow("queries of before are kept", "/", async (page) => {
    await search(page, "eventName: StopInstance");
    await page.waitForURL(/StopInstance/);
    await search(page, "");
    await page.getByRole("button", { name: "Earlier queries" }).click();
    await page.getByRole("menuitem", { name: "eventName: StopInstance" }).click();
    await page.waitForURL(/StopInstance/);
  });

  flow("nothing found says what to try", "/?q=eventName:+NoSuchThing&from=now-15m", async (page) => {
    await page.getByRole("heading", { name: "No event matches" }).waitFor();
    await page.getByRole("button", { name: "Look at the last 90 days" }).click();
    await page.waitForURL(/from=now-90d/);
  });
});

describe("time", () => {
  flow("a span drawn over the histogram is zoomed into; undo and Back come out of it", "/", async (page) => {
    const plot = page.locator(".u-over");
    await plot.waitFor();
    const all = await count(page);
    const box = await plot.boundingBox();
    if (!box) throw new Error("the plot has no place");
    const draw = async () => {
      await page.mouse.move(box.x + box.width * 0.7, box.y + 20);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.8, box.y + 20, { steps: 4 });
      await page.mouse.up();
    };
    await draw();
    await page.waitForURL(/from=\d{4}-/);
    await expect.poll(() => count(page)).toBeLessThan(all);
    await page.getByRole("button", { name: "Undo zoom" }).click();
    await expect.poll(() => page.url()).not.toMatch(/from=\d{4}-/);
    await expect.poll(() => count(page)).toBeGreaterThanOrEqual(all);
    await draw();
    await page.waitForURL(/from=\d{4}-/);
    await page.goBack();
    await expect.poll(() => page.url()).not.toMatch(/from=\d{4}-/);
  });

  flow("counts are shown on hover, and broken down by a field", "/", async (page) => {
    const plot = page.locator(".u-over");
    await plot.waitFor();
    await page.getByRole("combobox", { name: "Broken down by" }).selectOption("serviceName");
    await page.waitForURL(/by=serviceName/);
    await expect
      .poll(
        async () => {
          await plot.hover({ position: { x: 500 + Math.random(), y: 30 } });
          return page.getByText("Ecs", { exact: true }).count();
        },
      )
      .toBeGreaterThan(0);
  });

  flow("quick and typed ranges; what is typed wrong is told", "/", async (page) => {
    await page.getByRole("button", { name: /Time range/ }).click();
    await page.getByRole("button", { name: "Last 6 hours" }).click();
    await page.waitForURL(/from=now-6h/);
    await page.getByRole("button", { name: /Time range/ }).click();
    await page.getByRole("tab", { name: "From … to" }).click();
    await page.getByLabel("From (UTC)").fill("yesterday");
    await page.getByRole("button", { name: "Use this range" }).click();
    await page.getByText(/Write a time such as/).waitFor();
    await page.getByLabel("From (UTC)").fill("now-2d");
    await page.getByRole("button", { name: "Use this range" }).click();
    await page.waitForURL(/from=now-2d/);
    await clean(page, "the page");
  });

  flow("the switch of the zone holds in table and panel", "/", async (page) => {
    const time = rows(page).first().getByRole("gridcell").first();
    await time.waitFor();
    const utc = (await time.textContent()) ?? "";
    await page.keyboard.press("u");
    await page.getByRole("columnheader", { name: /Time \(Local\)/ }).waitFor();
    const local = (await time.textContent()) ?? "";
    // The browser of these flows is in Shanghai.
    expect(Date.parse(`${local.replace(" ", "T")}Z`) - Date.parse(`${utc.replace(" ", "T")}Z`)).toBe(8 * 3600_000);
    await rows(page).first().click();
    await page.getByRole("complementary", { name: "Event" }).getByText(`${local} +08:00`).waitFor();
  });
});

describe("filters", () => {
  flow("a value of the field side bar is included by a click, turned over, switched off and removed", "/", async (page) => {
    await page.getByRole("textbox", { name: "Find a field" }).fill("serviceName");
    await page.getByRole("button", { name: /serviceName/, expanded: false }).click();
    await page.getByRole("button", { name: "Only Ecs" }).click();
    await page.waitForURL(/f=serviceName:Ecs/);
    await expect.poll(() => count(page)).toBe(await asked("eventRW: Write and serviceName: Ecs"));
    const pill = page.locator("[aria-haspopup=menu]", { hasText: "serviceName" });
    await pill.click();
    await page.getByRole("menuitem", { name: "Turn over" }).click();
    await expect.poll(() => count(page)).toBe(await asked("eventRW: Write and not serviceName: Ecs"));
    await pill.click();
    await page.getByRole("menuitem", { name: "Switch off" }).click();
    await expect.poll(() => count(page)).toBe(await asked("eventRW: Write"));
    await clean(page, "pills");
    await page.getByRole("button", { name: /^Remove: / }).click();
    await expect.poll(() => page.url()).not.toContain("f=");
  });

  flow("a filter is picked by field and value", "/", async (page) => {
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Field").fill("eventName");
    await dialog.getByLabel("Condition").selectOption("not");
    await dialog.getByLabel("Value").fill("StopInstance");
    await dialog.getByRole("button", { name: "Apply" }).focus();
    await page.getByRole("listbox").waitFor({ state: "hidden" });
    await clean(page, "the form of a filter");
    await dialog.getByRole("button", { name: "Apply" }).click();
    await page.waitForURL(/f=-eventName:StopInstance/);
  });

  flow("from any value of an event: only it, without it, with the field", "/?q=errorCode:+*", async (page) => {
    await rows(page).first().click();
    const panel = page.getByRole("complementary", { name: "Event" });
    await panel.getByRole("button", { name: /^Without errorCode/ }).click();
    await page.waitForURL(/f=-errorCode:/);
    await panel.getByRole("button", { name: "Only events with resourceName" }).click();
    await page.waitForURL(/f=resourceName/);
  });
});

describe("table", () => {
  flow("columns are added, moved, sized, and kept through a query and a reload", "/", async (page) => {
    await page.getByRole("textbox", { name: "Find a field" }).fill("acsRegion");
    await page.getByRole("button", { name: "Show acsRegion as a column" }).click();
    await page.getByRole("columnheader", { name: /acsRegion/ }).waitFor();
    await page.getByRole("button", { name: "Column acsRegion", exact: true }).click();
    await page.getByRole("menuitem", { name: "Move left" }).click();
    const names = () => page.getByRole("columnheader").allTextContents();
    await expect.poll(names).toEqual(["Time (UTC)", "Who", "Action", "Resource", "From", "acsRegion", "Result"]);
    const edge = page.getByRole("separator", { name: "Width of Who" });
    const before = Number(await edge.getAttribute("aria-valuenow"));
    await edge.focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => edge.getAttribute("aria-valuenow")).toBe(String(before + 16));
    await search(page, "eventName: StopInstance");
    await page.waitForURL(/StopInstance/);
    await page.goto(inject("url"));
    await rows(page).first().waitFor();
    await expect.poll(names).toEqual(["Time (UTC)", "Who", "Action", "Resource", "From", "acsRegion", "Result"]);
    expect(await edge.getAttribute("aria-valuenow")).toBe(String(before + 16));
  });

  flow("rows are loaded as one scrolls, and only those in sight are in the document", "/?reads=1", async (page) => {
    await rows(page).first().waitFor();
    const shown = () => total(page).textContent();
    const grid = page.getByRole("grid");
    await expect
      .poll(
        async () => {
          await grid.evaluate((box) => box.scrollTo(0, box.scrollHeight));
          return shown();
        },
      )
      .not.toMatch(/first (200|400) shown/);
    expect(await rows(page).count()).toBeLessThan(80);
  });

  flow("the chart and the side bar can be hidden; the total stays", "/", async (page) => {
    await rows(page).first().waitFor();
    await page.getByRole("button", { name: "Hide the chart" }).click();
    await page.getByRole("button", { name: "Hide the fields" }).click();
    await expect.poll(() => page.locator(".u-over").count()).toBe(0);
    await page.reload();
    await rows(page).first().waitFor();
    expect(await page.getByRole("button", { name: "Show the chart" }).count()).toBe(1);
    expect(await count(page)).toBeGreaterThan(0);
  });
});

describe("an event", () => {
  flow("opens by a click on its row, the next by a key, and closes by Escape", "/", async (page) => {
    await rows(page).nth(2).click();
    const panel = page.getByRole("complementary", { name: "Event" });
    await panel.waitFor();
    const id = () => new URL(page.url()).searchParams.get("event");
    const first = id();
    await page.keyboard.press("j");
    await expect.poll(id).not.toBe(first);
    await page.keyboard.press("ArrowUp");
    await expect.poll(id).toBe(first);
    await clean(page, "the panel");
    for (const tab of ["JSON", "Around it", "Origin"]) {
      await panel.getByRole("tab", { name: tab }).click();
      await clean(page, tab);
    }
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
  });

  flow("has a sentence, its neighbours, and an address of its own", "/?q=eventName:+StopInstance+and+errorCode:+*", async (page) => {
    await rows(page).first().click();
    const panel = page.getByRole("complementary", { name: "Event" });
    await expect.poll(() => panel.locator("p").first().textContent()).toMatch(/did StopInstance on .+ from .+, and failed: /);
    await panel.getByRole("tab", { name: "Around it" }).click();
    await panel.getByText("this event").waitFor();
    const id = new URL(page.url()).searchParams.get("event");
    await page.goto(`${inject("url")}/?event=${id}&q=eventName:+Nothing`);
    await expect.poll(() => panel.locator("p").first().textContent()).toContain("StopInstance");
  });

  flow("is compared with another", "/", async (page) => {
    await rows(page).nth(0).click();
    await page.getByRole("button", { name: "Compare with …" }).click();
    await page.keyboard.press("j");
    await page.getByRole("columnheader", { name: "second" }).waitFor();
    await clean(page, "compared");
  });

  flow("that is not there says so", "/?event=no-such-event", async (page) => {
    await page.getByRole("complementary", { name: "Event" }).getByRole("alert").waitFor();
  });
});

describe("export", () => {
  for (const [format, name] of [["csv", "CSV"], ["ndjson", "NDJSON"]] as const) {
    flow(`${name} holds the whole result, of the range on screen`, "/?q=serviceName:+Ecs&reads=1", async (page) => {
      await rows(page).first().waitFor();
      const all = await count(page);
      expect(all).toBeGreaterThan(200);
      await page.getByRole("button", { name: "Export" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText(name, { exact: true }).click();
      await clean(page, "the export dialog");
      const [file] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Export" }).click()]);
      expect(file.suggestedFilename()).toMatch(new RegExp(`\\.${format}$`));
      const lines = (await readFile(await file.path(), "utf8")).trimEnd().split("\n");
      expect(lines.length - (format === "csv" ? 1 : 0)).toBe(all);
      if (format === "csv") expect(lines[0]).toContain("eventTime,userIdentity.userName");
    });
  }

  const long = `eventName: (${Array.from({ length: 500 }, (_, i) => `Stop${i}`).join(" or ")} or StopInstance)`;
  test("a query of 8 kB can be searched and exported", async () => {
    expect(long.length).toBeGreaterThan(5000);
    const { page } = await open(browser, `/?q=${encodeURIComponent(long)}`);
    await rows(page).first().waitFor();
    await page.getByRole("button", { name: "Export" }).click();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("dialog").getByRole("button", { name: "Export" }).click()]);
    expect(await file.failure()).toBeNull();
    await page.context().close();
  });
});

describe("live", () => {
  flow("events appear as they come, with the same query, and wait while it is paused", "/?q=eventName:+StopInstance", async (page) => {
    await rows(page).first().waitFor();
    const line = (await readFile(inject("log"), "utf8")).split("\n").find((l) => /POST.*\/stop"/.test(l) && l.includes('"status":200'));
    if (!line) throw new Error("no line of a stop in the log");
    await page.getByText("Live", { exact: true }).click();
    await page.getByText("Waiting for events").waitFor();
    // Until the tail has begun nobody sees what is written; so it is written until somebody does.
    let written = 0;
    const write = async () => {
      const text = at(line, Date.now() / 1000).replace(/"request_id":"[^"]*"/, `"request_id":"${crypto.randomUUID().replaceAll("-", "")}"`);
      await appendFile(inject("log"), `${text}\n`);
      written++;
    };
    await until("an event in the live view", patience, async () => {
      await write();
      return (await rows(page).count()) > 0;
    });
    await page.getByRole("button", { name: "Pause" }).click();
    const before = await rows(page).count();
    await write();
    await expect.poll(() => page.getByRole("status").first().textContent()).toMatch(/Paused: [1-9]/);
    expect(await rows(page).count()).toBe(before);
    await page.getByRole("button", { name: "Go on" }).click();
    await expect.poll(() => rows(page).count()).toBeGreaterThan(before);
    expect(written).toBeGreaterThan(1);
    await clean(page, "live");
  });
});

describe("saved searches", () => {
  flow("are kept for oneself and for everybody; pinned filters stay", "/?q=eventName:+StopInstance&f=-userIdentity.userName:bob", async (page) => {
    await page.getByRole("button", { name: "Saved searches" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("stops");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("button", { name: "stops", exact: true }).waitFor();
    await page.getByRole("textbox", { name: "Name" }).fill("stops of all");
    await page.getByText("For everybody").click();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("button", { name: /^stops of all/ }).waitFor();
    await clean(page, "saved searches");
    await page.goto(`${inject("url")}/?f=^serviceName:Ecs`);
    await page.getByRole("button", { name: "Saved searches" }).click();
    await page.getByRole("button", { name: /^stops of all/ }).click();
    await page.waitForURL(/StopInstance/);
    expect(new URL(page.url()).searchParams.getAll("f")).toEqual(["-userIdentity.userName:bob", "^serviceName:Ecs"]);
    await page.getByRole("button", { name: "Saved searches" }).click();
    await page.getByRole("button", { name: "Delete stops of all" }).click();
    await expect.poll(() => page.getByRole("button", { name: /^stops of all/ }).count()).toBe(0);
  });
});
