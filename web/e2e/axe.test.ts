import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { clean, launch, open } from "./browser.ts";
import { panel, rows } from "./search.ts";

// Pages at rest are looked at in shell.test.ts; here is what opens upon them, light and dark.
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const press = (name: string) => (page: Page) => page.getByRole("button", { name, exact: true }).click();
const first = async (page: Page) => {
  await rows(page).first().click();
  await panel(page).getByRole("tab").first().waitFor();
};
const tab = (name: string) => async (page: Page) => {
  await first(page);
  await panel(page).getByRole("tab", { name }).click();
};

/** What is opened, where, how, and what shows that it is open. */
const opened: { what: string; path?: string; act: (page: Page) => Promise<void>; there: (page: Page) => ReturnType<Page["locator"]> }[] = [
  { what: "the fields of an event", path: "/?q=errorCode:+*", act: first, there: (page) => panel(page).getByRole("row").first() },
  { what: "its JSON", act: tab("JSON"), there: (page) => panel(page).getByRole("region", { name: "JSON" }) },
  { what: "its neighbours", act: tab("Around it"), there: (page) => panel(page).getByText("this event") },
  { what: "its origin", act: tab("Origin"), there: (page) => panel(page).getByRole("heading", { name: "Proof" }) },
  {
    what: "two events",
    act: async (page) => {
      await first(page);
      await press("Compare with …")(page);
      await page.keyboard.press("j");
    },
    there: (page) => page.getByRole("columnheader", { name: "second" }),
  },
  { what: "a row in place", act: (page) => rows(page).first().getByRole("button", { name: "Show all fields here" }).click(), there: (page) => rows(page).first().getByRole("table") },
  { what: "the values of a field", act: (page) => page.getByRole("navigation", { name: "Fields" }).getByRole("button", { name: /^serviceName/ }).first().click(), there: (page) => page.getByRole("group", { name: /serviceName/ }).getByRole("button").first() },
  { what: "the menu of a column", act: press("Column Who"), there: (page) => page.getByRole("menuitem", { name: "Move left" }) },
  { what: "the menu of a pill", path: "/?f=-serviceName:Ecs&f=~eventName:a", act: (page) => page.locator("[aria-haspopup=menu]", { hasText: "serviceName" }).click(), there: (page) => page.getByRole("menuitem", { name: "Edit" }) },
  { what: "the menu of the rows", act: press("How the rows look"), there: (page) => page.getByRole("menuitemcheckbox").first() },
  { what: "the menu of links", act: press("Copy a link to this search"), there: (page) => page.getByRole("menuitem", { name: "Copy a short link" }) },
  {
    what: "a notice",
    act: async (page) => {
      await press("Copy a link to this search")(page);
      await page.getByRole("menuitem", { name: "Copy a short link" }).click();
    },
    there: (page) => page.getByText(/\/s\/[a-z2-7]{10}$/),
  },
  { what: "earlier queries", act: press("Earlier queries"), there: (page) => page.getByRole("menu") },
  { what: "the time range", act: (page) => page.getByRole("button", { name: /Time range/ }).click(), there: (page) => page.getByRole("tab", { name: "Quick" }) },
  {
    what: "a typed range",
    act: async (page) => {
      await page.getByRole("button", { name: /Time range/ }).click();
      await page.getByRole("tab", { name: "From … to" }).click();
      await page.getByLabel("From (UTC)").fill("yesterday");
      await press("Use this range")(page);
    },
    there: (page) => page.getByText(/Write a time such as/),
  },
  { what: "saved searches", act: press("Saved searches"), there: (page) => page.getByRole("button", { name: "Failed sign-ins" }) },
  { what: "the form of a filter", act: press("Filter"), there: (page) => page.getByRole("dialog").getByLabel("Condition") },
  { what: "the export", act: press("Export"), there: (page) => page.getByRole("dialog").getByRole("button", { name: "Export" }) },
  { what: "the live view", path: "/?view=tail", act: async () => undefined, there: (page) => page.getByText("Waiting for events") },
  { what: "the shortcuts", act: (page) => page.keyboard.press("?"), there: (page) => page.getByRole("dialog", { name: "Keyboard shortcuts" }) },
  { what: "a problem", path: "/?event=no-such-event", act: async () => undefined, there: (page) => panel(page).getByRole("alert") },
  { what: "nothing found", path: "/?q=eventName:+NoSuchThing", act: async () => undefined, there: (page) => page.getByRole("heading", { name: "No event matches" }) },
  { what: "a bundle", path: "/integrity", act: press("Download bundle"), there: (page) => page.getByRole("dialog") },
];

describe.each(["light", "dark"] as const)("%s", (colorScheme) => {
  test.each(opened)("must-have 15: axe finds nothing in $what", async ({ what, path = "/", act, there }) => {
    const { page, faults } = await open(browser, path, { colorScheme });
    if (path === "/" || path.startsWith("/?q=error") || path.startsWith("/?f")) await rows(page).first().waitFor();
    await act(page);
    await there(page).waitFor();
    await clean(page, `${what} ${colorScheme}`);
    expect(faults.filter((f) => !/status of 404/.test(f))).toEqual([]);
    await page.context().close();
  });
});

test.each(["light", "dark"] as const)("the dialog for a token, %s: it asks again when the token is none, and is gone with the right one", async (colorScheme) => {
  const { page } = await open(browser, "/settings", { colorScheme });
  const right = "the-right-token";
  await page.route("**/api/v1/**", async (route) => {
    if (route.request().headers().authorization === `Bearer ${right}`) return route.continue();
    return route.fulfill({ status: 401, contentType: "application/problem+json", body: JSON.stringify({ type: "about:blank", title: "A token is needed", status: 401 }) });
  });
  await page.goto(inject("url"));
  const dialog = page.getByRole("dialog", { name: "A token is needed" });
  await dialog.waitFor();
  await clean(page, `the dialog for a token ${colorScheme}`);
  await dialog.getByLabel("Token", { exact: true }).fill("another");
  await dialog.getByRole("button", { name: "Use it" }).click();
  await dialog.getByText("The server does not take this token.").waitFor();
  await clean(page, `a wrong token ${colorScheme}`);
  await dialog.getByLabel("Token", { exact: true }).fill(right);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await rows(page).first().waitFor();
  // Kept for the tab, and never in the address.
  await page.reload();
  await rows(page).first().waitFor();
  expect(page.url()).not.toContain(right);
  expect(await dialog.count()).toBe(0);
  await page.context().close();
});
