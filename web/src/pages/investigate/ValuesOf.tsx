import { Badge } from "@mantine/core";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useValues, type Asked, type Range } from "./asking.ts";
import { useNew } from "./news.ts";
import { ValueList } from "./ValueList.tsx";

interface Props {
  title: string;
  field: string;
  asked: Asked;
  /** With the period before: what was not there then is marked. */
  past?: Range;
  limit?: number;
  name?: (value: string) => string;
  none?: string;
}

/** The most frequent values of a field among the events of a search, as a list. */
export function ValuesOf({ title, field, asked, past, limit = 8, name, none }: Props) {
  const t = useT();
  const { data, error, refetch } = useValues(field, asked, limit);
  const { isNew } = useNew(field, asked, past);
  const rows = data?.values.map((v) => ({ ...v, mark: isNew(v.value) && <NewMark /> }));
  return <ValueList title={title} field={field} rows={rows} of={data?.having ?? 0} name={name} error={error} again={() => void refetch()} none={none ?? t("investigate.none")} />;
}

export function NewMark() {
  const t = useT();
  return (
    <Badge size="xs" variant="light" color="orange" title={t("investigate.newHint")}>
      {t("investigate.new")}
    </Badge>
  );
}
