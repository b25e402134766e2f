import { Combobox, Loader, TextInput, useCombobox } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { api, taken } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { icons } from "./kindLook.ts";
import { fieldsOf, kinds, shapeOf, type Kind } from "./subject.ts";
import { useInvestigation } from "./useInvestigation.ts";
import classes from "./SearchBox.module.css";

/**
 * One box for all that can be looked into. What is typed is looked for in all four
 * kinds at once; Enter takes the kind that has it, or that it looks like.
 */
export function SearchBox() {
  const t = useT();
  const format = useFormat();
  const { range, open } = useInvestigation();
  const [text, setText] = useState("");
  const [settled] = useDebouncedValue(text.trim(), 150);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const found = useQueries({
    queries: kinds.map((kind) => ({
      queryKey: ["suggest", kind, settled, range],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const params = { path: { field: fieldsOf[kind][0] }, query: { ...range, prefix: settled, limit: 5 } };
        return taken(await api.GET("/api/v1/fields/{field}/values", { params, signal })).values;
      },
      enabled: settled !== "",
    })),
  });
  const groups = kinds.map((kind, i) => ({ kind, values: settled ? (found[i]?.data ?? []) : [] }));
  const typed = text.trim();
  const guess = (): Kind => {
    const has = groups.filter((g) => g.values.some((v) => v.value === typed)).toSorted((a, b) => countOf(b, typed) - countOf(a, typed));
    return shapeOf(typed) ?? has[0]?.kind ?? "actor";
  };
  const go = (kind: Kind, value: string) => {
    setText("");
    combobox.closeDropdown();
    open(kind, value);
  };
  const some = groups.filter((g) => g.values.length > 0);
  return (
    <Combobox
      store={combobox}
      onOptionSubmit={(option) => {
        const kind = kinds.find((k) => option.startsWith(`${k}:`));
        if (kind) go(kind, option.slice(kind.length + 1));
      }}
    >
      <Combobox.Target>
        <TextInput
          size="md"
          className={classes.box}
          aria-label={t("investigate.search")}
          placeholder={t("investigate.searchHint")}
          leftSection={<IconSearch size={18} aria-hidden />}
          rightSection={settled && found.some((f) => f.isFetching) ? <Loader size={16} /> : null}
          value={text}
          spellCheck={false}
          autoComplete="off"
          data-query
          onChange={(e) => {
            setText(e.currentTarget.value);
            combobox.openDropdown();
          }}
          onFocus={() => text && combobox.openDropdown()}
          onBlur={() => combobox.closeDropdown()}
          onKeyDown={(e) => {
            if (e.key === "Enter" && typed && combobox.getSelectedOptionIndex() < 0) {
              e.preventDefault();
              go(guess(), typed);
            }
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={typed === ""}>
        <Combobox.Options aria-label={t("investigate.search")} mah={360} className={classes.options}>
          {some.map(({ kind, values }) => {
            const Icon = icons[kind];
            return (
              <Combobox.Group key={kind} label={t(`investigate.kind.${kind}`)}>
                {values.map((v) => (
                  <Combobox.Option key={v.value} value={`${kind}:${v.value}`} className={classes.option}>
                    <Icon size={15} aria-hidden />
                    <span className={`mono ${classes.text}`}>{v.value}</span>
                    <span className="dim number">{format.number(v.count)}</span>
                  </Combobox.Option>
                ))}
              </Combobox.Group>
            );
          })}
          {some.length === 0 && <Combobox.Empty>{t("investigate.searchNone")}</Combobox.Empty>}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

function countOf(group: { values: readonly { value: string; count: number }[] }, value: string): number {
  return group.values.find((v) => v.value === value)?.count ?? 0;
}
