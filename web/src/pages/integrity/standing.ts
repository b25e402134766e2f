import type { Schemas } from "../../api/client.ts";

/** How a witness stands to an archive with so many seals; the worst comes first. */
export function standing(witness: Pick<Schemas["WitnessStatus"], "conflict" | "lastError" | "seals">, seals: number): "conflict" | "failing" | "none" | "behind" | "current" {
  if (witness.conflict) return "conflict";
  if (witness.lastError) return "failing";
  if (witness.seals === 0) return "none";
  return witness.seals < seals ? "behind" : "current";
}
