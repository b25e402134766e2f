import { ActionIcon, TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import { IconCheck, IconChevronRight, IconColumns3, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { isComposed, mainField, useColumns } from "./columns.ts";
import classes from "./FieldBar.module.css";
import lines from "./Line.module.css";
import { TopValues } from "./TopValues.tsx";
import { useAddress } from "./useAddress.ts";
import { useFields } from "./useFields.ts";

/** Every field there is, how many events have it, and its most frequent values. */
export function FieldBar({ turn }: { turn: number }) {
  const t = useT();
  const [search] = useAddress();
  const { data } = useFields(search, turn);
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
  const toggle = (name: string) => {
    const column = columns.find((c) => c === name || (isComposed(c) && mainField[c] === name));
    set(column ? columns.filter((c) => c !== column) : [...columns, name]);
  };
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
      <div className={classes.list}>
        {groups.map(
          ({ title, fields }) =>
            fields.length > 0 && (
              <section key={title} aria-label={title}>
                <h2 className={classes.title}>{title}</h2>
                {fields.map((field) => (
                  <Field key={field.name} field={field} total={data?.total ?? 0} open={open === field.name} column={shown.has(field.name)} onOpen={() => setOpen(open === field.name ? null : field.name)} onColumn={() => toggle(field.name)} />
                ))}
              </section>
            ),
        )}
        {data && found.length === 0 && <p className="dim">{t("events.fieldNone")}</p>}
      </div>
    </nav>
  );
}

interface FieldProps {
  field: Schemas["FieldInfo"];
  total: number;
  open: boolean;
  column: boolean;
  onOpen: () => void;
  onColumn: () => void;
}

function Field({ field, total, open, column, onOpen, onColumn }: FieldProps) {
  const t = useT();
  const format = useFormat();
  const share = total > 0 ? field.count / total : 0;
  const label = t(column ? "events.columnRemove" : "events.columnAdd", { field: field.name });
  return (
    <div className={classes.field} data-open={open || undefined}>
      <div className={lines.line}>
        <UnstyledButton className={`${lines.name} ${classes.name}`} aria-expanded={open} onClick={onOpen} title={field.description ? `${field.name}: ${field.description}` : field.name}>
          <IconChevronRight size={13} className={classes.chevron} aria-hidden />
          <span>{field.name}</span>
          <span className={classes.count}>{field.count > 0 && format.percent(share)}</span>
        </UnstyledButton>
        <Tooltip label={label}>
          <ActionIcon size="sm" className={classes.column} data-on={column || undefined} aria-label={label} aria-pressed={column} onClick={onColumn}>
            {column ? <IconCheck size={14} /> : <IconColumns3 size={14} />}
          </ActionIcon>
        </Tooltip>
      </div>
      {open && <TopValues field={field} />}
    </div>
  );
}
