import { TextInput } from "@mantine/core";
import { IconCheck, IconChevronRight, IconColumns3, IconSearch } from "@tabler/icons-react";
import { memo, useCallback, useDeferredValue, useEffect, useRef, useState } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { Act } from "../../ui/Act.tsx";
import { Hints } from "../../ui/Hints.tsx";
import { isComposed, mainField, useColumns } from "./columns.ts";
import classes from "./FieldBar.module.css";
import lines from "./Line.module.css";
import { TopValues } from "./TopValues.tsx";
import { useAddress } from "./useAddress.ts";
import { useFields } from "./useFields.ts";

/** Every field there is, how many events have it, and its most frequent values. */
export const FieldBar = memo(function FieldBar({ turn }: { turn: number }) {
  const t = useT();
  const format = useFormat();
  const [search] = useAddress();
  const { data: answer } = useFields(search, turn);
  const data = useDeferredValue(answer); // behind what was clicked
  const { columns, set } = useColumns();
  const [wanted, setWanted] = useState("");
  const [open, setOpen] = useState<string | null>(null);
  const shown = new Set(columns.map((c) => (isComposed(c) ? mainField[c] : c)));
  const found = (data?.fields ?? []).filter((f) => f.name.toLowerCase().includes(wanted.trim().toLowerCase()));
  const groups = [
    { title: t("events.fieldsSelected"), fields: found.filter((f) => shown.has(f.name)) },
    { title: t("events.fieldsAvailable"), fields: found.filter((f) => !shown.has(f.name) && f.count > 0) },
    { title: t("events.fieldsEmpty"), fields: found.filter((f) => !shown.has(f.name) && f.count === 0) },
  ];
  const now = useRef({ columns, set });
  useEffect(() => {
    now.current = { columns, set };
  });
  const toggle = useCallback((name: string) => {
    const { columns, set } = now.current;
    const column = columns.find((c) => c === name || (isComposed(c) && mainField[c] === name));
    set(column ? columns.filter((c) => c !== column) : [...columns, name]);
  }, []);
  const onOpen = useCallback((name: string) => setOpen((before) => (before === name ? null : name)), []);
  const share = (count: number) => (count > 0 && data && data.total > 0 ? format.percent(count / data.total) : "");
  return (
    <nav className={classes.bar} aria-label={t("events.fields")}>
      <TextInput
        size="xs"
        className={classes.search}
        leftSection={<IconSearch size={14} aria-hidden />}
        placeholder={t("events.fieldSearch")}
        aria-label={t("events.fieldSearch")}
        value={wanted}
        onChange={(e) => setWanted(e.currentTarget.value)}
      />
      <Hints className={classes.list}>
        {groups.map(
          ({ title, fields }) =>
            fields.length > 0 && (
              <section key={title} aria-label={title}>
                <h2 className={classes.title}>{title}</h2>
                {fields.map((field) => (
                  <Field
                    key={field.name}
                    name={field.name}
                    description={field.description}
                    aggregatable={field.aggregatable === true}
                    share={share(field.count)}
                    open={open === field.name}
                    column={shown.has(field.name)}
                    onOpen={onOpen}
                    onColumn={toggle}
                  />
                ))}
              </section>
            ),
        )}
        {data && found.length === 0 && <p className="dim">{t("events.fieldNone")}</p>}
      </Hints>
    </nav>
  );
});

interface FieldProps {
  name: string;
  description: string | undefined;
  aggregatable: boolean;
  /** Of the events of the search, how many have it; empty where none does. */
  share: string;
  open: boolean;
  column: boolean;
  onOpen: (name: string) => void;
  onColumn: (name: string) => void;
}

/** What it is given are texts and flags: the next search, whose fields are other objects, draws only the shares anew that have changed. */
const Field = memo(function Field({ name, description, aggregatable, share, open, column, onOpen, onColumn }: FieldProps) {
  const t = useT();
  return (
    <div className={classes.field} data-open={open || undefined}>
      <div className={lines.line}>
        <button type="button" className={`${lines.name} ${classes.name}`} aria-expanded={open} onClick={() => onOpen(name)} title={description ? `${name}: ${description}` : name}>
          <IconChevronRight size={13} className={classes.chevron} aria-hidden />
          <span>{name}</span>
          <span className={classes.count}>{share}</span>
        </button>
        <Act className={classes.column} data-on={column || undefined} label={t(column ? "events.columnRemove" : "events.columnAdd", { field: name })} aria-pressed={column} onClick={() => onColumn(name)}>
          {column ? <IconCheck size={14} /> : <IconColumns3 size={14} />}
        </Act>
      </div>
      {open && <TopValues field={name} aggregatable={aggregatable} />}
    </div>
  );
});
