import type { Schemas } from "../../api/client.ts";

type Agent = Schemas["AgentStatus"];
type Source = Schemas["AgentSource"];

/** What is to be done about an agent or a source, worst first; each has a text of its own. */
export type Advice = "silent" | "failing" | "neverSeen" | "refused" | "spool" | "sourceGaps" | "gaps" | "quarantined" | "clock" | "unparsed" | "unmapped";

const bad: ReadonlySet<Advice> = new Set(["silent", "failing", "refused", "sourceGaps"]);

export function isBad(advice: Advice): boolean {
  return bad.has(advice);
}

/** The bounds of the spool are those from which on the server warns. */
export function spoolIsFull({ spool }: Source): boolean {
  return spool.batches > 0 && (spool.oldestSeconds >= 300 || spool.bytes >= 0.8 * spool.maxBytes);
}

export function adviceOfSource(source: Source): Advice[] {
  const found: Advice[] = [];
  if (source.failing) found.push("failing");
  if (source.state === "neverSeen") found.push("neverSeen");
  if (spoolIsFull(source)) found.push("spool");
  if (source.sourceGaps > 0) found.push("sourceGaps");
  if (source.gaps > 0) found.push("gaps");
  if (source.quarantined > 0) found.push("quarantined");
  if (source.unparsed > 0) found.push("unparsed");
  if (source.unmapped > 0) found.push("unmapped");
  return found;
}

const order: readonly Advice[] = ["silent", "failing", "neverSeen", "refused", "spool", "sourceGaps", "gaps", "quarantined", "clock", "unparsed", "unmapped"];

/** All of an agent and its sources, each once. */
export function adviceOf(agent: Agent): Advice[] {
  const found = new Set(agent.sources.filter((s) => s.state !== "stopped").flatMap(adviceOfSource));
  if (agent.state === "silent") found.add("silent");
  if (agent.state === "neverSeen") found.add("neverSeen");
  if (agent.refusedReports > 0) found.add("refused");
  if (Math.abs(agent.clockOffsetSeconds ?? 0) >= 5) found.add("clock");
  return order.filter((advice) => found.has(advice));
}

/** Who needs somebody stands first: silent, then failing, then what else there is to do; in the order of names within. */
export function byNeed(agents: readonly Agent[]): Agent[] {
  const rank = (agent: Agent) => {
    if (agent.state === "stopped") return order.length + 1;
    const first = adviceOf(agent)[0];
    return first ? order.indexOf(first) : order.length;
  };
  return [...agents].sort((a, b) => rank(a) - rank(b) || a.agent.localeCompare(b.agent));
}
