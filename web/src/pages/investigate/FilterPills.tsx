import { Group, Pill } from "@mantine/core";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useInvestigation } from "./useInvestigation.ts";

/** What was narrowed down by a click, to be taken away again. */
export function FilterPills() {
  const t = useT();
  const { filters, unfilter } = useInvestigation();
  if (filters.length === 0) return null;
  return (
    <Group gap={6}>
      {filters.map((f) => {
        const text = `${f.not ? `${t("events.filterNot")} ` : ""}${f.field}: ${f.value ?? t("events.filterAny")}`;
        return (
          <Pill key={text} size="md" withRemoveButton removeButtonProps={{ "aria-label": `${t("events.filterRemove")}: ${text}`, "aria-hidden": false, tabIndex: 0 }} onRemove={() => unfilter(f)}>
            {text}
          </Pill>
        );
      })}
    </Group>
  );
}
