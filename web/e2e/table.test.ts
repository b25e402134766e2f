import { describe, expect, inject } from "vitest";
import { clean } from "./browser.ts";
import { count, editor, flows, panel, rows, search, total } from "./search.ts";

const flow = flows();

describe("table", () => {
  flow("must-have 6, complaint 12: columns are added, moved, sized, and kept through a query and a reload", "/", async (page) => {
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

  flow("must-have 6: sorted by time either way, and so is what follows", "/?q=serviceName:+Ecs", async (page) => {
    const time = async (n: number) => (await rows(page).nth(n).getByRole("gridcell").first().textContent()) ?? "";
    await rows(page).first().waitFor();
    expect((await time(0)) >= (await time(5))).toBe(true);
    const newest = await time(0);
    await page.getByRole("button", { name: "Column Time (UTC)", exact: true }).click();
    await page.getByRole("menuitem", { name: "Oldest first" }).click();
    await page.waitForURL(/sort=asc/);
    await page.getByRole("columnheader", { name: /Time/ }).and(page.locator("[aria-sort=ascending]")).waitFor();
    await expect.poll(async () => (await time(0)) < newest).toBe(true);
    expect((await time(0)) <= (await time(5))).toBe(true);
  });

  flow("must-have 6: rows are closer together or wrap, kept in this browser; one opens in place by a key", "/", async (page) => {
    const height = async () => (await rows(page).nth(1).boundingBox())?.height ?? 0;
    await rows(page).first().waitFor();
    const usual = await height();
    await page.getByRole("button", { name: "How the rows look" }).click();
    await page.getByRole("menuitemcheckbox", { name: "More rows, closer together" }).click();
    await expect.poll(height).toBeLessThan(usual);
    await clean(page, "the menu of the rows");
    await page.keyboard.press("Escape");
    await page.reload();
    await rows(page).first().waitFor();
    expect(await height()).toBeLessThan(usual);
    await rows(page).nth(1).click();
    await page.keyboard.press("x");
    await expect.poll(height).toBeGreaterThan(150);
    await clean(page, "a row that is open");
    await page.keyboard.press("x");
    await expect.poll(height).toBeLessThan(usual);
  }, { viewport: { width: 1600, height: 900 } }); // beside the panel rows are still rows, not cards

  flow("the page is at rest when nothing happens", "/settings", async (page) => {
    await page.addInitScript(() => {
      const asked = { frames: 0 };
      const next = window.requestAnimationFrame.bind(window);
      window.requestAnimationFrame = (then) => (asked.frames++, next(then));
      Object.assign(window, { asked, next });
    });
    await page.goto(`${inject("url")}/?q=eventName:+StopInstance`);
    await rows(page).nth(2).click();
    await panel(page).getByRole("tab").first().waitFor();
    await page.waitForLoadState("networkidle");
    await editor(page);
    const frames = () =>
      page.evaluate(async () => {
        const { asked, next } = window as unknown as { asked: { frames: number }; next: (then: () => void) => void };
        asked.frames = 0;
        for (let i = 0; i < 60; i++) await new Promise<void>((then) => next(then));
        return asked.frames;
      });
    await expect.poll(frames).toBeLessThan(5);
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

  flow("complaint 13: the chart and the side bar can be hidden; the total stays", "/", async (page) => {
    await rows(page).first().waitFor();
    await page.getByRole("button", { name: "Hide the chart" }).click();
    await page.getByRole("button", { name: "Hide the fields" }).click();
    await expect.poll(() => page.locator(".u-over").count()).toBe(0);
    await page.reload();
    await rows(page).first().waitFor();
    expect(await page.getByRole("button", { name: "Show the chart" }).count()).toBe(1);
    expect(await count(page)).toBeGreaterThan(0);
  });

  const sixty = Array.from({ length: 60 }, (_, i) => `requestParameters.made${i}`);
  flow("must-have 6: of many columns those in sight are drawn, and all are reached", `/?q=serviceName:+Ecs&cols=time,action,${sixty.join(",")}`, async (page) => {
    await rows(page).first().waitFor();
    const grid = page.getByRole("grid");
    const heads = page.getByRole("columnheader");
    const cells = rows(page).first().getByRole("gridcell");
    expect(await grid.getAttribute("aria-colcount")).toBe("62");
    expect(await heads.count()).toBeLessThan(16);
    expect(await cells.count()).toBe(await heads.count());
    // To the end: the last column is there, its cells are below it, and the first is kept for what a row begins with.
    await grid.evaluate((box) => box.scrollTo(box.scrollWidth, 0));
    const last = page.getByRole("columnheader", { name: "made59" });
    await last.waitFor();
    expect(await last.getAttribute("aria-colindex")).toBe("62");
    expect(await cells.last().getAttribute("aria-colindex")).toBe("62");
    const left = async (of: typeof last) => (await of.boundingBox())?.x ?? 0;
    expect(Math.abs((await left(last)) - (await left(cells.last())))).toBeLessThan(1);
    expect(await heads.count()).toBeLessThan(16);
    expect(await heads.first().getAttribute("aria-colindex")).toBe("1");
    await clean(page, "many columns");
    // By keys: from one head to the next, which comes into sight, and stays while it has the focus.
    await grid.evaluate((box) => box.scrollTo(0, 0));
    await page.getByRole("button", { name: "Column Time (UTC)", exact: true }).focus();
    for (let i = 0; i < 40; i++) await page.keyboard.press("Tab"); // a name and an edge each
    const focused = () => page.evaluate(() => document.activeElement?.closest("[role=columnheader]")?.getAttribute("aria-colindex"));
    expect(await focused()).toBe("21");
    await grid.evaluate((box) => box.scrollTo(0, 0));
    await expect.poll(() => page.getByRole("columnheader", { name: "made14" }).count()).toBe(0);
    expect(await focused()).toBe("21");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Tab");
    // One moves and is sized as ever.
    await page.getByRole("button", { name: "Column requestParameters.made18", exact: true }).click();
    await page.getByRole("menuitem", { name: "Move left" }).click();
    await expect.poll(() => page.getByRole("columnheader", { name: "made18" }).getAttribute("aria-colindex")).toBe("20");
    const edge = page.getByRole("separator", { name: "Width of requestParameters.made18" });
    await edge.focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => edge.getAttribute("aria-valuenow")).toBe("196");
    const wide = async () => (await page.getByRole("columnheader", { name: "made18" }).boundingBox())?.width;
    await expect.poll(wide).toBe(196);
  });

  flow("a step by a key leaves the row in sight, below the heads and above the edge", "/?reads=1", async (page) => {
    await rows(page).first().click();
    const grid = page.getByRole("grid");
    const inSight = () =>
      grid.evaluate((box) => {
        const row = box.querySelector("[aria-selected=true]")?.getBoundingClientRect();
        const heads = box.querySelector("[role=columnheader]")?.getBoundingClientRect();
        const all = box.getBoundingClientRect();
        return row !== undefined && row.top >= (heads?.bottom ?? all.top) - 1 && row.bottom <= all.bottom + 1;
      });
    for (let i = 0; i < 30; i++) await page.keyboard.press("j");
    await expect.poll(inSight).toBe(true);
    for (let i = 0; i < 30; i++) await page.keyboard.press("k");
    await expect.poll(inSight).toBe(true);
  }, { viewport: { width: 1600, height: 900 } });
});
