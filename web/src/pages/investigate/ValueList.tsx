import { Skeleton, Text } from "@mantine/core";
import { IconChevronRight, IconFilter } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { kindOf } from "./subject.ts";
import { useInvestigation } from "./useInvestigation.ts";
import classes from "./ValueList.module.css";

export interface Row {
  value: string;
  count: number;
  /** Stands behind the value. */
  mark?: ReactNode;
}

interface Props {
  title: string;
  field: string;
  rows: readonly Row[] | undefined;
  /** Of how many events the counts are. */
  of: number;
  /** How a value is shown, if not as it is. */
  name?: (value: string) => string;
  error?: unknown;
  again?: () => void;
  /** What is said when there is none. */
  none: string;
  note?: string;
}

/** The most frequent values of a field. A click opens the page of what has one, and keeps only the events of what has none. */
export function ValueList({ title, field, rows, of, name, error, again, none, note }: Props) {
  const t = useT();
  const format = useFormat();
  const { open, filter } = useInvestigation();
  const kind = kindOf(field);
  const Icon = kind ? IconChevronRight : IconFilter;
  return (
    <Surface className={classes.list} aria-label={title}>
      <h2 className={classes.title}>{title}</h2>
      {Boolean(error) && <ProblemNote error={error} again={again} />}
      {!rows && !error && <Skeleton height={120} />}
      {rows?.length === 0 && (
        <Text size="sm" className="dim" px={8}>
          {none}
        </Text>
      )}
      {rows?.map((row) => (
        <button
          key={row.value}
          type="button"
          className={classes.row}
          title={kind ? t("investigate.open", { what: row.value }) : t("investigate.only", { what: row.value })}
          onClick={() => (kind ? open(kind, row.value) : filter(field, row.value))}
        >
          <span className={classes.value}>
            <span className={kind ? "mono" : undefined}>{name ? name(row.value) : row.value || "\u00a0"}</span>
            {row.mark}
          </span>
          <span className={`${classes.count} number`}>{format.number(row.count)}</span>
          <Icon size={14} className={classes.icon} aria-hidden />
          <span className={classes.track} aria-hidden>
            <span style={{ width: `${Math.min(100, (100 * row.count) / Math.max(1, of))}%` }} />
          </span>
        </button>
      ))}
      {note && (
        <Text size="xs" className="dim" px={8} pt={6}>
          {note}
        </Text>
      )}
    </Surface>
  );
}
