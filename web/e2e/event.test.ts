import { readFile } from "node:fs/promises";
import { describe, expect, inject } from "vitest";
import { clean } from "./browser.ts";
import { patience, until } from "./patience.ts";
import { count, flows, panel, rows, stopNow } from "./search.ts";

const flow = flows();

describe("an event", () => {
  flow("must-have 7: opens by a click on its row, the next by a key, and closes by Escape", "/", async (page) => {
    await rows(page).nth(2).click();
    await panel(page).waitFor();
    const id = () => new URL(page.url()).searchParams.get("event");
    const first = id();
    await page.keyboard.press("j");
    await expect.poll(id).not.toBe(first);
    await page.keyboard.press("ArrowUp");
    await expect.poll(id).toBe(first);
    await clean(page, "the panel");
    for (const tab of ["JSON", "Around it", "Origin"]) {
      await panel(page).getByRole("tab", { name: tab }).click();
      await clean(page, tab);
    }
    await page.keyboard.press("Escape");
    await panel(page).waitFor({ state: "detached" });
  });

  flow("must-have 7, 8, complaint 8: has a sentence, its neighbours, and an address of its own", "/?q=eventName:+StopInstance+and+errorCode:+*", async (page) => {
    await rows(page).first().click();
    await expect.poll(() => panel(page).locator("p").first().textContent()).toMatch(/did StopInstance on .+ from .+, and failed: /);
    await panel(page).getByRole("tab", { name: "Around it" }).click();
    await panel(page).getByText("this event").waitFor();
    const id = new URL(page.url()).searchParams.get("event");
    await page.goto(`${inject("url")}/?event=${id}&q=eventName:+Nothing`);
    await expect.poll(() => panel(page).locator("p").first().textContent()).toContain("StopInstance");
  });

  flow("must-have 7: has its JSON, which is copied, and each of its values", "/?q=eventName:+StopInstance", async (page) => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await rows(page).first().click();
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await panel(page).getByRole("button", { name: "Copy eventName" }).click();
    await expect.poll(clipboard).toBe("StopInstance");
    await panel(page).getByRole("button", { name: "Copy a link to this event" }).click();
    const id = new URL(page.url()).searchParams.get("event");
    await expect.poll(clipboard).toBe(`${inject("url")}/?event=${id}`);
    await panel(page).getByRole("tab", { name: "JSON" }).click();
    await panel(page).getByRole("button", { name: "Copy", exact: true }).click();
    await expect.poll(async () => (JSON.parse(await clipboard()) as { eventId: string }).eventId).toBe(id);
    expect(await panel(page).getByRole("region", { name: "JSON" }).textContent()).toContain('"eventName": "StopInstance"');
  });

  flow("audit: shows whether it is sealed: in its row, in a word, and with its trail, seal and object", "/?q=eventName:+StopInstance", async (page) => {
    const sealed = rows(page).last().getByRole("img", { name: "The archive all is sealed up to here" });
    // The archive has its first seal a minute after the server began.
    await until("a seal in the rows", patience, async () => {
      await page.reload();
      await rows(page).first().waitFor();
      await page.waitForLoadState("networkidle");
      return (await sealed.count()) === 1;
    });
    // A seal may come before one has looked.
    await until("an event that no seal has", patience, async () => {
      await stopNow();
      await page.getByRole("button", { name: "Search again" }).click();
      await page.waitForLoadState("networkidle");
      return (await rows(page).first().getByRole("img", { name: "In no archive yet" }).count()) === 1;
    });
    await rows(page).first().click();
    await panel(page).getByText("In no archive yet").waitFor();
    await page.keyboard.press("Escape");
    await rows(page).filter({ has: page.getByRole("img", { name: "The archive all is sealed up to here" }) }).first().click();
    await panel(page).getByText(/^In the archive all, seal \d+$/).waitFor();
    await panel(page).getByRole("tab", { name: "Origin" }).click();
    await panel(page).getByText(/\.gz$/).waitFor();
    const [file] = await Promise.all([page.waitForEvent("download"), panel(page).getByRole("button", { name: "Download the proof" }).click()]);
    expect(JSON.parse(await readFile(await file.path(), "utf8"))).toMatchObject({ format: "actiontrail proof" });
    await clean(page, "the proof");
  });

  flow("audit: is compared with another", "/", async (page) => {
    await rows(page).nth(0).click();
    await page.getByRole("button", { name: "Compare with …" }).click();
    await page.keyboard.press("j");
    await page.getByRole("columnheader", { name: "second" }).waitFor();
    await clean(page, "compared");
  });

  flow("a button of the panel and of the side bar has its name beside it while the pointer rests on it", "/?q=eventName:+StopInstance", async (page) => {
    const hint = page.getByRole("tooltip");
    await rows(page).first().click();
    await panel(page).getByRole("button", { name: /^Without eventName/ }).hover();
    await expect.poll(() => hint.textContent()).toBe("Without eventName: StopInstance");
    await clean(page, "a hint");
    await page.getByRole("navigation", { name: "Fields" }).getByRole("button", { name: "Show acsRegion as a column" }).hover();
    await expect.poll(() => hint.textContent()).toBe("Show acsRegion as a column");
    await page.getByRole("textbox", { name: "Find a field" }).hover();
    await expect.poll(() => hint.count()).toBe(0);
  }, { viewport: { width: 1600, height: 900 } }); // the side bar stays beside the panel

  flow("that is not there says so", "/?event=no-such-event", async (page) => {
    await panel(page).getByRole("alert").waitFor();
  });
});

describe("export", () => {
  for (const [format, name] of [["csv", "CSV"], ["ndjson", "NDJSON"]] as const) {
    flow(`must-have 11: ${name} holds the whole result, of the range on screen`, "/?q=serviceName:+Ecs&reads=1", async (page) => {
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
});

describe("live", () => {
  flow("must-have 12, complaint 9: events appear as they come, with the same query, and wait while it is paused", "/?q=eventName:+StopInstance", async (page) => {
    await rows(page).first().waitFor();
    await page.getByText("Live", { exact: true }).click();
    await page.getByText("Waiting for events").waitFor();
    // Until the tail has begun nobody sees what is written; so it is written until somebody does.
    let written = 0;
    const write = async () => {
      await stopNow();
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
