import { Text } from "@mantine/core";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import classes from "./Events.module.css";

/** How many events match, how many of them are here, how long it took, and whether some may be missing. */
export function Summary({ page, shown, stale }: { page: Omit<Schemas["EventPage"], "events">; shown: number; stale: boolean }) {
  const t = useT();
  const format = useFormat();
  return (
    <div className={classes.total} aria-busy={stale} role="status">
      <b className="number">{page.total === 1 ? t("events.totalOne") : t("events.total", { n: format.number(page.total) })}</b>
      <span className="dim number">
        {t("events.took", { ms: format.number(page.tookMs) })}
        {shown < page.total && ` · ${t("events.shown", { n: format.number(shown) })}`}
      </span>
      {page.incomplete && page.incomplete.length > 0 && (
        <Text size="sm" className={classes.warn}>
          {t("events.incomplete", { why: page.incomplete.join("; ") })}
        </Text>
      )}
    </div>
  );
}
