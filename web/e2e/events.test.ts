import { describe, expect, inject } from "vitest";
import { clean } from "./browser.ts";
import { asked, count, editor, flows, panel, rows, search, stopNow, total } from "./search.ts";

// Each thing that the page must have is a flow under its number (the table is in table.test.ts, an event in event.test.ts); what users of other consoles complained of is in complaints.test.ts.
const flow = flows();

describe("search", () => {
  flow("must-have 16, audit: needs no set-up: the front page shows writes of the last day, their exact total and the time taken", "/?f=-serviceName:Actiontrail", async (page) => {
    await rows(page).first().waitFor();
    await expect.poll(() => count(page)).toBe(await asked("eventRW: Write and not serviceName: Actiontrail"));
    expect(await total(page).textContent()).toMatch(/in \d+ ms · first 200 shown/);
    expect(await page.getByRole("button", { name: "Writes only" }).getAttribute("aria-pressed")).toBe("true");
    await page.getByRole("button", { name: "Writes only" }).click();
    await page.waitForURL(/reads=1/);
    await expect.poll(() => count(page)).toBe(await asked("not serviceName: Actiontrail"));
  });

  flow("must-have 9, 17: a query is run, is in the address, its matches are marked, and Back undoes it", "/", async (page) => {
    await search(page, "eventName: StopInstance");
    await page.waitForURL(/q=eventName:\+StopInstance/);
    await expect.poll(() => count(page)).toBe(await asked("eventName: StopInstance"));
    expect(await page.locator("mark").first().textContent()).toBe("StopInstance");
    await page.goBack();
    await expect.poll(() => count(page)).toBe(await asked("eventRW: Write"));
    await expect.poll(async () => (await editor(page)).textContent()).not.toContain("StopInstance");
  });

  flow("must-have 4, complaint 10: fields and values are completed by the server", "/", async (page) => {
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

  flow("must-have 4: a mistake is shown under its character, and says what to do", "/", async (page) => {
    const box = await editor(page);
    await box.click();
    await page.keyboard.insertText("eventName: a) and x");
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toContain("at character 13");
    await expect.poll(() => page.locator(".cm-mistake").textContent()).toBe(")");
    await clean(page, "with a mistake");
  });

  flow("must-have 4: queries of before are kept", "/", async (page) => {
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
  flow("must-have 1, complaint 18: a span drawn over the histogram is zoomed into; undo and Back come out of it", "/", async (page) => {
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

  flow("must-have 1, complaint 14: counts are shown on hover, and broken down by a field", "/", async (page) => {
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

  flow("must-have 5: quick and typed ranges; what is typed wrong is told", "/", async (page) => {
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

  flow("must-have 5: ranges of before are kept, and the search is run again by itself", "/", async (page) => {
    const picker = page.getByRole("button", { name: /Time range/ });
    const own = async (from: string) => {
      await picker.click();
      await page.getByRole("tab", { name: "From … to" }).click();
      await page.getByLabel("From (UTC)").fill(from);
      await page.getByRole("button", { name: "Use this range" }).click();
    };
    await own("now-3d");
    await page.waitForURL(/from=now-3d/);
    await own("2026-11-01 10:30");
    await page.waitForURL(/from=2026-11-01T10:30:00.000Z/);
    await picker.click();
    await page.getByRole("tab", { name: "Recent" }).click();
    await page.getByRole("tabpanel").getByRole("button").nth(1).click();
    await page.waitForURL(/from=now-3d/);
    await picker.click();
    await page.getByRole("combobox", { name: "Search again" }).selectOption("5");
    await page.keyboard.press("Escape");
    const shown = await count(page);
    await stopNow();
    await expect.poll(() => count(page)).toBeGreaterThan(shown);
  });

  flow("must-have 5: the switch of the zone holds in table and panel", "/", async (page) => {
    const time = rows(page).first().getByRole("gridcell").first();
    await time.waitFor();
    const utc = (await time.textContent()) ?? "";
    await page.keyboard.press("u");
    await page.getByRole("columnheader", { name: /Time \(Local\)/ }).waitFor();
    const local = (await time.textContent()) ?? "";
    // The browser of these flows is in Shanghai.
    expect(Date.parse(`${local.replace(" ", "T")}Z`) - Date.parse(`${utc.replace(" ", "T")}Z`)).toBe(8 * 3600_000);
    await rows(page).first().click();
    await panel(page).getByText(`${local} +08:00`).waitFor();
  });
});

describe("filters", () => {
  flow("must-have 2, 3: a value of the field side bar is included by a click, turned over, switched off and removed", "/", async (page) => {
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

  flow("must-have 2: the ten most frequent values have their shares, and exists is a filter, too", "/", async (page) => {
    const bar = page.getByRole("navigation", { name: "Fields" });
    await bar.getByRole("region", { name: "Columns" }).getByText("eventName").waitFor();
    await page.getByRole("textbox", { name: "Find a field" }).fill("errorCode");
    await bar.getByRole("button", { name: /^errorCode/, expanded: false }).click();
    const values = bar.getByRole("group", { name: /errorCode/ });
    await values.getByText(/^\d+(\.\d+)? ?%$/).first().waitFor();
    expect(await values.getByRole("button", { name: /^Only / }).count()).toBeLessThanOrEqual(11);
    await values.getByRole("button", { name: "Only events with errorCode" }).click();
    await page.waitForURL(/f=errorCode/);
    await expect.poll(() => count(page)).toBe(await asked("eventRW: Write and errorCode: *"));
  });

  flow("must-have 3: a pill is pinned and edited", "/?f=serviceName:Ecs&f=eventRW:Write", async (page) => {
    const pill = (text: string) => page.locator("[aria-haspopup=menu]", { hasText: text });
    await pill("serviceName").click();
    await page.getByRole("menuitem", { name: "Pin" }).click();
    await page.waitForURL(/f=(%5E|\^)serviceName:Ecs/);
    await page.getByRole("button", { name: "Remove all but pinned" }).click();
    await expect.poll(() => new URL(page.url()).searchParams.getAll("f")).toEqual(["^serviceName:Ecs"]);
    await pill("serviceName").click();
    await page.getByRole("menuitem", { name: "Edit" }).click();
    await page.getByRole("dialog").getByLabel("Value").fill("Ram");
    await page.getByRole("dialog").getByRole("button", { name: "Apply" }).focus();
    await page.getByRole("listbox").waitFor({ state: "hidden" });
    await page.getByRole("dialog").getByRole("button", { name: "Apply" }).click();
    await expect.poll(() => new URL(page.url()).searchParams.getAll("f")).toEqual(["^serviceName:Ram"]);
    await expect.poll(() => count(page)).toBe(await asked("eventRW: Write and serviceName: Ram"));
  });

  flow("must-have 3, complaint 10: a filter is picked by field and value", "/", async (page) => {
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

  flow("must-have 7, complaint 7: from any value of an event: only it, without it, with the field", "/?q=errorCode:+*", async (page) => {
    await rows(page).first().click();
    await panel(page).getByRole("button", { name: /^Without errorCode/ }).click();
    await page.waitForURL(/f=-errorCode:/);
    await panel(page).getByRole("button", { name: "Only events with resourceName" }).click();
    await page.waitForURL(/f=resourceName/);
  });
});

describe("saved searches", () => {
  flow("must-have 10: are kept for oneself and for everybody; pinned filters stay", "/?q=eventName:+StopInstance&f=-userIdentity.userName:bob", async (page) => {
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

  flow("audit: templates ask what auditors ask", "/", async (page) => {
    const open = () => page.getByRole("button", { name: "Saved searches" }).click();
    await open();
    await page.getByRole("button", { name: "Failed sign-ins" }).click();
    await page.waitForURL(/ConsoleSignin/);
    await expect.poll(() => count(page)).toBe(await asked("eventRW: Write and eventType: ConsoleSignin and errorCode: *", { from: "now-7d" }));
    expect(await count(page)).toBeGreaterThan(0);
    await open();
    await page.getByRole("button", { name: "Sign-ins without a second factor" }).click();
    await page.waitForURL(/mfaChecked/);
    await expect.poll(() => count(page)).toBe(await asked('eventType: ConsoleSignin and not errorCode: * and additionalEventData.mfaChecked: "false"', { from: "now-7d" }));
    expect(await count(page)).toBeGreaterThan(0);
    // The server understands every one of them.
    for (const name of ["What was refused", "What was deleted", "Changes of users and permissions", "What happened to access keys", "Changes of the audit itself", "Done under a name nobody checked", "Done by hand, at a console"]) {
      await open();
      const answered = page.waitForResponse((r) => r.url().includes("/api/v1/events?"));
      await page.getByRole("button", { name }).click();
      expect((await answered).status(), name).toBe(200);
    }
  });
});

describe("audit", () => {
  flow("audit: looked up by user, event name, resource, service, key, reads alone and id, over 90 days", "/?from=now-90d", async (page) => {
    const newest = async (query: string) => {
      const answer = await fetch(`${inject("url")}/api/v1/events?${new URLSearchParams({ query, limit: "1", from: "now-90d" })}`);
      const [event] = ((await answer.json()) as { events: Record<string, string>[] }).events;
      if (!event) throw new Error(`no event: ${query}`);
      return { event, identity: event.userIdentity as unknown as Record<string, string> };
    };
    const { identity, event } = await newest("eventName: StopInstance and userIdentity.userName: * and resourceName: *");
    const keyed = await newest("userIdentity.accessKeyId: *");
    const looks: Record<string, string | undefined> = {
      "userIdentity.userName": identity.userName,
      "userIdentity.accessKeyId": keyed.identity.accessKeyId,
      eventName: event.eventName,
      resourceName: event.resourceName,
      resourceType: event.resourceType,
      eventSource: event.eventSource,
      serviceName: event.serviceName,
      eventId: event.eventId,
    };
    for (const [field, value] of Object.entries(looks)) {
      expect(value, field).toBeTruthy();
      await page.goto(`${inject("url")}/?${new URLSearchParams({ from: "now-90d", reads: "1", f: `${field}:${value}` })}`);
      const all = await asked(`${field}: "${value}"`, { from: "now-90d" });
      await expect.poll(() => count(page), { message: field }).toBe(all);
      expect(all, field).toBeGreaterThan(0);
    }
    await page.goto(`${inject("url")}/?from=now-90d&reads=1&f=eventRW:Read`);
    await expect.poll(() => count(page)).toBeGreaterThan(100);
  });

  flow("must-have 16: a partial result says so", "/settings", async (page) => {
    await page.route("**/api/v1/events?*", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), incomplete: ["the index is being read in"] } });
    });
    await page.goto(inject("url"));
    await page.getByText("Some events may be missing: the index is being read in").waitFor();
    await clean(page, "a partial result");
  });

  flow("must-have 15: all of it works without a mouse", "/", async (page) => {
    await rows(page).first().waitFor();
    await editor(page);
    await page.keyboard.press("/");
    await page.keyboard.insertText("eventName: StopInstance");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    await page.waitForURL(/StopInstance/);
    await expect.poll(() => count(page)).toBe(await asked("eventRW: Write and eventName: StopInstance")); // until then the rows are those of before
    await page.getByRole("grid").focus();
    await page.keyboard.press("ArrowDown");
    await panel(page).waitFor();
    await panel(page).getByRole("tab", { name: "Fields" }).focus();
    await page.keyboard.press("ArrowRight");
    await panel(page).getByRole("region", { name: "JSON" }).waitFor();
    const include = panel(page).getByRole("button", { name: /^Only eventName/ });
    await page.keyboard.press("ArrowLeft");
    await include.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/f=eventName:StopInstance/);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Column Who", exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Move left" }).focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => page.getByRole("columnheader").first().textContent()).toBe("Who");
  });
});
