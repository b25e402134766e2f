import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const sheets = new Set([...readFileSync("src/app/mantine.css", "utf8").matchAll(/styles\/(\w+)\.css/g)].map((m) => m[1]));

/** Where a component has no sheet of its own name. */
const within: Record<string, string> = { TextInput: "Input", Textarea: "Input", PasswordInput: "Input", Select: "Combobox", NativeSelect: "Input", CheckboxGroup: "Checkbox" };

test("each component of Mantine that is used has its style sheet", () => {
  const missing = new Set<string>();
  for (const file of readdirSync("src", { recursive: true, encoding: "utf8" })) {
    if (!/\.tsx?$/.test(file) || file.includes(".test.")) continue;
    for (const m of readFileSync(join("src", file), "utf8").matchAll(/import \{([^}]*)\} from "@mantine\/core"/g)) {
      for (const name of (m[1] ?? "").split(",").map((n) => n.trim().replace(/^type /, ""))) {
        const sheet = within[name] ?? name;
        if (existsSync(`node_modules/@mantine/core/styles/${sheet}.css`) && !sheets.has(sheet)) missing.add(`${sheet} (${file})`);
      }
    }
  }
  expect([...missing], "add their sheets to src/app/mantine.css").toEqual([]);
});
