import { expect, test } from "vitest";
import { archiveOf, checkArchive, checkBundle } from "./commands.ts";

test("a command is one, whatever the folder is called", () => {
  expect(checkArchive("all-file", "/var/my archive's")).toBe("actiontrail verify '/var/my archive'\\''s' --keys all-file.key --checkpoint all-file.checkpoint");
  expect(checkBundle("b.zip", "all-file")).toBe("actiontrail verify --bundle b.zip --keys all-file.key");
});

test("an archive is where its folder is, or its bucket", () => {
  expect(archiveOf({ folder: "/data/archive", target: "./archive" })).toBe("/data/archive");
  expect(archiveOf({ target: "s3://bucket/audit" })).toBe("s3://bucket/audit");
});
