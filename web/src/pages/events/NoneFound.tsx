import { Button, Group } from "@mantine/core";
import { IconZoomQuestion } from "@tabler/icons-react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { EmptyNote } from "../../ui/EmptyNote.tsx";
import { filtersOf } from "./address.ts";
import { useAddress } from "./useAddress.ts";

/** Nothing matches: what could be why, each with one click to try without it. */
export function NoneFound() {
  const t = useT();
  const [search, change] = useAddress();
  return (
    <EmptyNote icon={<IconZoomQuestion />} title={t("events.none")} detail={t("events.noneHint")}>
      <Group gap="xs">
        {search.from !== "now-90d" && (
          <Button variant="default" onClick={() => change({ from: "now-90d", to: "now" })}>
            {t("events.noneWiden")}
          </Button>
        )}
        {!search.reads && (
          <Button variant="default" onClick={() => change({ reads: "1" })}>
            {t("events.noneReads")}
          </Button>
        )}
        {filtersOf(search).length > 0 && (
          <Button variant="default" onClick={() => change({ f: undefined })}>
            {t("events.noneFilters")}
          </Button>
        )}
      </Group>
    </EmptyNote>
  );
}
