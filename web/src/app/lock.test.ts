import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Lock {
  packages: Record<string, { version?: string; integrity?: string; resolved?: string; link?: boolean }>;
}

const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as Lock;
const installed = Object.entries(packages).filter(([path]) => path !== "");

test("the lock file names no address to download from, and the hash of everything", () => {
  expect(installed.length).toBeGreaterThan(100);
  expect(installed.filter(([, p]) => p.resolved !== undefined).map(([path]) => path)).toEqual([]);
  expect(installed.filter(([, p]) => !p.integrity?.startsWith("sha512-") || p.link).map(([path]) => path)).toEqual([]);
});

test("every dependency is pinned, to what the lock file has", () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Record<"dependencies" | "devDependencies", Record<string, string>>;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    const wanted = version.replace(/^npm:.*@/, "");
    expect(wanted, name).toMatch(/^\d+\.\d+\.\d+$/);
    expect(packages[`node_modules/${name}`]?.version, name).toBe(wanted);
  }
});

test("npm leaves addresses out of the lock file when it writes it anew", () => {
  expect(existsSync(".npmrc") && readFileSync(".npmrc", "utf8")).toContain("omit-lockfile-registry-resolved=true");
});
