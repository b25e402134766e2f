import { expect, test } from "vitest";
import type { Schemas } from "../../api/client.ts";
import { adviceOf, byNeed } from "./advice.ts";

const source = (part: Partial<Schemas["AgentSource"]>): Schemas["AgentSource"] => ({
  source: "edge",
  state: "live",
  failing: false,
  lastBatch: 1,
  lagBytes: 0,
  lagSeconds: 0,
  spool: { bytes: 0, maxBytes: 1000, batches: 0, oldestSeconds: 0 },
  events: 10,
  published: 10,
  gaps: 0,
  sourceGaps: 0,
  ignored: 0,
  unparsed: 0,
  unmapped: 0,
  unmappedRate: 0,
  quarantined: 0,
  warnings: [],
  ...part,
});
const agent = (name: string, state: Schemas["AgentState"], ...sources: Schemas["AgentSource"][]): Schemas["AgentStatus"] => ({ account: "a", agent: name, state, refusedReports: 0, warnings: [], sources });

test("silent ones stand first, then failing ones, stopped ones last", () => {
  const all = [agent("well", "live", source({})), agent("ended", "stopped", source({ failing: true })), agent("failing", "live", source({ failing: true })), agent("silent", "silent"), agent("unmapped", "live", source({ unmapped: 3 }))];
  expect(byNeed(all).map((a) => a.agent)).toEqual(["silent", "failing", "unmapped", "well", "ended"]);
});

test("a spool tells from 80 % or five minutes on, and not when it is empty", () => {
  const full = (spool: Partial<Schemas["SpoolStatus"]>) => adviceOf(agent("a", "live", source({ spool: { bytes: 0, maxBytes: 1000, batches: 1, oldestSeconds: 0, ...spool } })));
  expect(full({ bytes: 799 })).toEqual([]);
  expect(full({ bytes: 800 })).toEqual(["spool"]);
  expect(full({ oldestSeconds: 300 })).toEqual(["spool"]);
  expect(full({ oldestSeconds: 300, batches: 0 })).toEqual([]);
});
