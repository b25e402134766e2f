import { Loader, Text } from "@mantine/core";
import { IconMinus, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { api, taken } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { Act } from "../../ui/Act.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { queryOf, rangeOf } from "./address.ts";
import { exclude, include } from "./filters.ts";
import classes from "./TopValues.module.css";
import { useAddress } from "./useAddress.ts";
import { useFilter } from "./useFilter.ts";

/** The ten most frequent values of a field among the events of the search; each can be kept or shut out by a click. */
export function TopValues({ field, aggregatable }: { field: string; aggregatable: boolean }) {
  const t = useT();
  const format = useFormat();
  const [search] = useAddress();
  const add = useFilter();
  const query = queryOf(search);
  const range = rangeOf(search);
  const { data, error, refetch } = useQuery({
    queryKey: ["values", field, query, range],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/fields/{field}/values", { params: { path: { field }, query: { query, ...range, limit: 10 } }, signal })),
    enabled: aggregatable,
  });
  const exists = (
    <button type="button" className={classes.exists} onClick={() => add(include(field, null))}>
      {t("events.exists", { field })}
    </button>
  );
  if (!aggregatable) return <div className={classes.values}>{exists}</div>;
  if (error) return <ProblemNote error={error} again={() => void refetch()} />;
  if (!data) return <Loader size="xs" m="xs" />;
  return (
    <div className={classes.values} role="group" aria-label={t("events.valuesOf", { field })}>
      {data.values.map((v) => (
        <div key={v.value} className={classes.value}>
          <div className={classes.text} title={v.value}>
            <span className="mono">{v.value || "\u00a0"}</span>
            <span className={classes.share}>{format.percent(v.count / Math.max(1, data.having))}</span>
          </div>
          <div className={classes.track} aria-hidden>
            <div style={{ width: `${(100 * v.count) / Math.max(1, data.having)}%` }} />
          </div>
          <span className={classes.acts}>
            <Act label={t("events.include", { what: v.value })} onClick={() => add(include(field, v.value))}>
              <IconPlus size={13} />
            </Act>
            <Act label={t("events.exclude", { what: v.value })} onClick={() => add(exclude(field, v.value))}>
              <IconMinus size={13} />
            </Act>
          </span>
        </div>
      ))}
      <Text size="xs" className="dim" px={4}>
        {data.having === 0 ? t("events.valuesNone") : t("events.valuesShare", { n: format.number(data.having) })}
      </Text>
      {exists}
    </div>
  );
}
