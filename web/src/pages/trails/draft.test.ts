import { expect, test } from "vitest";
import { emptyDraft, mistakesOf, quoted, writeDraft } from "./draft.ts";

test("a draft is written as a configuration has it", () => {
  const { text, fields } = writeDraft({ ...emptyDraft, name: "writes", where: 'eventName: "a"', eventRw: "Write", services: "Ram, Sts,", path: "./writes" });
  expect(text).toBe(`trail "writes" {
  where = "eventName: \\"a\\""
  event_rw = "Write"
  services = ["Ram", "Sts"]
  deliver "file" {
    path = "./writes"
    layout = "actiontrail"
    format = "ndjson.gz"
    roll {
      max_age = "1m"
    }
  }
}
`);
  expect(fields[1]).toBe("where");
  expect(fields[5]).toBe("path");
});

test("text never begins a template", () => {
  expect(quoted("${path.id} %{if}")).toBe('"$${path.id} %%{if}"');
});

test("what the server says of a line is told at its field", () => {
  const { fields } = writeDraft({ ...emptyDraft, name: "x", where: "a: b", path: "p" });
  const detail = 'data/trails/x.hcl:2:12: an event has no field "a"\n    where = "a: b"\n             ^\n  did you mean "acsRegion"?\n\nother.hcl:4:1: no\n\n2 mistakes';
  expect(mistakesOf(detail, "x", fields)).toEqual({ where: 'an event has no field "a". did you mean "acsRegion"?' });
});
