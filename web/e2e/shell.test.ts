import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { clean, launch, open } from "./browser.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const paths = ["/", "/investigate", "/trails", "/agents", "/integrity", "/status", "/settings", "/no/such/page"];

test.each(["light", "dark"] as const)("must-have 15: axe finds nothing on any page, %s; no other origin, no breach of the policy", async (colorScheme) => {
  const { page, faults } = await open(browser, "/", { colorScheme });
  for (const path of paths) {
    await page.goto(inject("url") + path);
    await page.getByRole("heading", { level: 1 }).or(page.getByRole("heading", { level: 2 })).first().waitFor();
    await page.waitForLoadState("networkidle");
    await clean(page, `${path} ${colorScheme}`);
  }
  expect(faults).toEqual([]);
  await page.context().close();
});

test("no page is wider than a phone, and nothing on it reaches over its edge", async () => {
  const { page } = await open(browser, "/", { viewport: { width: 390, height: 844 } });
  for (const path of [...paths, "/?q=eventName:+(Delete*+or+StopInstance+or+StopLogging)+and+userIdentity.userName:+*", "/investigate?actor=alice"]) {
    await page.goto(inject("url") + path);
    await page.getByRole("heading").first().waitFor();
    if (path.startsWith("/?") || path === "/") await page.locator(".cm-content").waitFor();
    await page.waitForLoadState("networkidle");
    const over = await page.evaluate(() => [document.documentElement.scrollWidth, ...[...document.querySelectorAll("input, button, form, section, main, .cm-editor")].map((e) => e.getBoundingClientRect().right)].filter((right) => right > innerWidth));
    expect(over, path).toEqual([]);
  }
  await page.context().close();
});

test("the policy has neither unsafe-eval nor unsafe-inline, and a nonce of its own each time", async () => {
  const policies = await Promise.all([1, 2].map(async () => (await fetch(inject("url"))).headers.get("Content-Security-Policy") ?? ""));
  for (const policy of policies) {
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*/);
  }
  expect(policies[0]).not.toBe(policies[1]);
});

test("the language is switched, kept, and needs no reload", async () => {
  const { page, faults } = await open(browser, "/settings");
  const choose = page.getByRole("combobox");
  await choose.selectOption("zh-CN");
  await page.getByRole("link", { name: "调查" }).waitFor();
  await choose.selectOption("zh-TW");
  await page.getByRole("link", { name: "調查" }).waitFor();
  expect(await page.locator("html").getAttribute("lang")).toBe("zh-TW");
  await page.reload();
  await page.getByRole("link", { name: "調查" }).waitFor();
  expect(faults).toEqual([]);
  await page.context().close();
});

test("a browser in Chinese is greeted in Chinese", async () => {
  const { page } = await open(browser, "/settings", { locale: "zh-HK" });
  await page.getByRole("heading", { name: "設定" }).waitFor();
  await page.context().close();
});

test("must-have 13: light, dark, or as the system has it; kept, and by a key", async () => {
  const { page, faults } = await open(browser, "/settings", { colorScheme: "dark" });
  const scheme = () => page.locator("html").getAttribute("data-mantine-color-scheme");
  const next = page.getByRole("navigation", { name: "Main" }).getByRole("button", { name: /^Theme: / });
  await expect.poll(scheme).toBe("dark"); // auto: as the system has it
  await next.click();
  await expect.poll(scheme).toBe("light");
  await page.reload();
  await expect.poll(scheme).toBe("light");
  await next.click();
  await expect.poll(scheme).toBe("dark");
  await page.keyboard.press("T");
  await expect.poll(scheme).toBe("light");
  await page.getByRole("main").getByText("Auto", { exact: true }).click();
  await expect.poll(scheme).toBe("dark");
  await page.emulateMedia({ colorScheme: "light" });
  await expect.poll(scheme).toBe("light");
  expect(faults).toEqual([]);
  await page.context().close();
});

test("must-have 14: g and a letter goes to a page, ? shows the keys, Escape closes them", async () => {
  const { page, faults } = await open(browser, "/settings");
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.getByRole("heading", { name: "Trails" }).first().waitFor();
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await sheet.waitFor();
  await clean(page, "the sheet");
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "detached" });
  expect(faults).toEqual([]);
  await page.context().close();
});

test("on a phone the menu opens, and closes by going somewhere", async () => {
  const { page, faults } = await open(browser, "/settings", { viewport: { width: 390, height: 844 } });
  await page.getByRole("button", { name: "Open the menu" }).click();
  await page.getByRole("link", { name: "Trails" }).click();
  await page.getByRole("heading", { name: "Trails" }).first().waitFor();
  await clean(page, "phone");
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  expect(faults).toEqual([]);
  await page.context().close();
});
