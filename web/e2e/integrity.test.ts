import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { clean, launch, open } from "./browser.ts";
import { patience, until } from "./patience.ts";

const program = resolve(import.meta.dirname, "../../bin/actiontrail");

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

interface Trail {
  name: string;
  deliver: { events: number; signingKey: string; checkpoint: string; checkpointSeals: number }[];
}

async function trail(name: string): Promise<Trail> {
  const got = await fetch(`${inject("url")}/api/v1/trails/${name}`);
  expect(got.status).toBe(200);
  return (await got.json()) as Trail;
}

const part = (page: Page, name: string) => page.getByRole("region", { name, exact: true });

describe("integrity", () => {
  test("the newest checkpoint and its key are there to be kept elsewhere, and the witness has it", async () => {
    const { page, faults } = await open(browser, "/integrity");
    const { deliver } = await trail("all");
    const all = part(page, "all");
    await all.getByText(deliver[0]?.signingKey ?? "no key").waitFor();
    await all.getByRole("button", { name: "Copy the checkpoint" }).waitFor();
    await all.getByText("has the newest").waitFor();
    await page.getByText(/actiontrail verify \S+archive --keys all-file\.key --checkpoint all-file\.checkpoint/).waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test.each(["light", "dark"] as const)("an archive is verified at a click, and what was found is told, %s", async (colorScheme) => {
    const { page, faults } = await open(browser, "/integrity", { colorScheme });
    const all = part(page, "all");
    // What was found before stays until this one has begun.
    await Promise.all([page.waitForResponse((r) => r.request().method() === "POST" && r.ok()), all.getByRole("button", { name: "Verify now" }).click()]);
    await all.getByText("Complete and unchanged").waitFor();
    await all.getByText(/Checked at \d{4}-/).waitFor();
    await clean(page, `integrity ${colorScheme}`);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("a bundle of a period is downloaded, and checked by the command beside it", async () => {
    const { page, faults } = await open(browser, "/integrity");
    await until("events in the archive", patience, async () => ((await trail("all")).deliver[0]?.events ?? 0) > 0);
    await part(page, "all").getByRole("button", { name: "Download bundle" }).click();
    const dialog = page.getByRole("dialog", { name: "Evidence of a period" });
    await dialog.waitFor();
    await clean(page, "bundle dialog");
    await dialog.getByRole("textbox", { name: /^From/ }).fill("yesterday");
    await dialog.getByRole("button", { name: "Download", exact: true }).click();
    await dialog.getByText(/Write a time such as/).waitFor();
    await dialog.getByRole("textbox", { name: /^From/ }).fill("now-1d");
    await dialog.getByRole("textbox", { name: /KQL/ }).fill("eventRW: Write");
    const coming = page.waitForEvent("download");
    await dialog.getByRole("button", { name: "Download", exact: true }).click();
    const file = await coming;
    expect(file.suggestedFilename()).toBe("bundle-all-file.zip");
    const dir = await mkdtemp(join(tmpdir(), "actiontrail-bundle-"));
    await file.saveAs(join(dir, "bundle.zip"));
    await writeFile(join(dir, "all-file.key"), `${(await trail("all")).deliver[0]?.signingKey}\n`);
    const { stdout } = await promisify(execFile)(program, ["verify", "--bundle", "bundle.zip", "--keys", "all-file.key"], { cwd: dir });
    expect(stdout).not.toBe("");
    await rm(dir, { recursive: true });
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
