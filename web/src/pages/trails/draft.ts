/** A trail as the form has it; lists are joined by commas. */
export interface Draft {
  name: string;
  where: string;
  eventRw: "All" | "Write" | "Read";
  services: string;
  regions: string;
  accounts: string;
  eventTypes: string;
  kind: "file" | "s3";
  path: string;
  bucket: string;
  prefix: string;
  region: string;
  endpoint: string;
  layout: "actiontrail" | "cloudtrail" | "hive";
  format: "ndjson.gz" | "ndjson.zst" | "parquet";
  maxAge: string;
}

export const emptyDraft: Draft = {
  name: "",
  where: "",
  eventRw: "All",
  services: "",
  regions: "",
  accounts: "",
  eventTypes: "",
  kind: "file",
  path: "",
  bucket: "",
  prefix: "",
  region: "",
  endpoint: "",
  layout: "actiontrail",
  format: "ndjson.gz",
  maxAge: "1m",
};

/** Text as HCL has it: in it, ${ and %{ would begin a template. */
export function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("${", () => "$${").replaceAll("%{", "%%{");
}

const many = (text: string) => text.split(",").map((part) => part.trim()).filter((part) => part !== "");

/**
 * The block of a draft, as a configuration has it, and of which field each line
 * is: the server tells mistakes by line.
 */
export function writeDraft(d: Draft): { text: string; fields: (keyof Draft | undefined)[] } {
  const lines: string[] = [];
  const fields: (keyof Draft | undefined)[] = [];
  const line = (text: string, field?: keyof Draft) => {
    lines.push(text);
    fields.push(field);
  };
  const attribute = (indent: string, name: string, field: keyof Draft, value: string) => value && line(`${indent}${name} = ${quoted(value)}`, field);
  const list = (name: string, field: keyof Draft, value: string) => many(value).length > 0 && line(`  ${name} = [${many(value).map(quoted).join(", ")}]`, field);
  line(`trail ${quoted(d.name.trim())} {`, "name");
  attribute("  ", "where", "where", d.where.trim());
  if (d.eventRw !== "All") attribute("  ", "event_rw", "eventRw", d.eventRw);
  list("services", "services", d.services);
  list("regions", "regions", d.regions);
  list("accounts", "accounts", d.accounts);
  list("event_types", "eventTypes", d.eventTypes);
  line(`  deliver ${quoted(d.kind)} {`, "kind");
  if (d.kind === "file") {
    line(`    path = ${quoted(d.path.trim())}`, "path");
  } else {
    line(`    bucket = ${quoted(d.bucket.trim())}`, "bucket");
    attribute("    ", "region", "region", d.region.trim());
    attribute("    ", "endpoint", "endpoint", d.endpoint.trim());
  }
  attribute("    ", "prefix", "prefix", d.prefix.trim());
  attribute("    ", "layout", "layout", d.layout);
  if (d.layout !== "cloudtrail") attribute("    ", "format", "format", d.format);
  line("    roll {");
  attribute("      ", "max_age", "maxAge", d.maxAge.trim());
  line("    }");
  line("  }");
  line("}");
  return { text: `${lines.join("\n")}\n`, fields };
}

/** The mistakes that the server tells, by field; what is at no line of ours is left to be shown as a whole. */
export function mistakesOf(detail: string, name: string, fields: readonly (keyof Draft | undefined)[]): Partial<Record<keyof Draft, string>> {
  const found: Partial<Record<keyof Draft, string>> = {};
  const lines = detail.split("\n");
  lines.forEach((text, i) => {
    const at = /^(.*):(\d+):\d+: (.+)$/.exec(text);
    const field = at?.[1]?.endsWith(`${name}.hcl`) ? fields[Number(at[2]) - 1] : undefined;
    if (!field || !at?.[3]) return;
    // Behind the line that is quoted stands what to do, indented by two.
    const hint = lines.slice(i + 1, i + 4).find((l) => /^ {2}\S/.test(l))?.trim();
    found[field] ??= hint ? `${at[3]}. ${hint}` : at[3];
  });
  return found;
}
