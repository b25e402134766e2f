import { Autocomplete, Button, Group, Modal, NativeSelect, Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, taken } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { rangeOf } from "./address.ts";
import { include, type Filter } from "./filters.ts";
import { useAddress } from "./useAddress.ts";
import { useFields } from "./useFields.ts";

interface Props {
  filter: Filter | undefined;
  onSave: (filter: Filter) => void;
  onClose: () => void;
}

// The list itself scrolls, which the keys of its field do for it; an area around it would have to be reached by keys of its own.
const list = { withScrollArea: false, styles: { options: { maxHeight: 260, overflowY: "auto" } } } as const;

/** Makes a filter or changes one: fields and values are picked, not remembered. */
export default function FilterForm({ filter, onSave, onClose }: Props) {
  const t = useT();
  const [search] = useAddress();
  const [field, setField] = useState(filter?.field ?? "");
  const [value, setValue] = useState(filter?.value ?? "");
  const [sense, setSense] = useState(filter?.value === null ? "any" : filter?.not ? "not" : "is");
  const fields = useFields(search, 0);
  const [prefix] = useDebouncedValue(value, 150);
  const known = fields.data?.fields.some((f) => f.name === field && f.aggregatable);
  const values = useQuery({
    queryKey: ["values", field, "", rangeOf(search), prefix],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/fields/{field}/values", { params: { path: { field }, query: { ...rangeOf(search), prefix, limit: 20 } }, signal })),
    enabled: known === true && sense !== "any",
  });
  const save = (event: FormEvent) => {
    event.preventDefault();
    onSave({ ...(filter ?? include("", null)), field: field.trim(), value: sense === "any" ? null : value, not: sense === "not" });
  };
  return (
    <Modal opened onClose={onClose} title={filter ? t("events.filterEdit") : t("events.filterAdd")} closeButtonProps={{ "aria-label": t("close") }} centered>
      <form onSubmit={save}>
        <Stack gap="sm">
          <Autocomplete label={t("events.filterField")} value={field} onChange={setField} data={fields.data?.fields.map((f) => f.name) ?? []} limit={50} {...list} data-autofocus />
          <NativeSelect
            label={t("events.filterSense")}
            value={sense}
            onChange={(e) => setSense(e.currentTarget.value)}
            data={[
              { value: "is", label: t("events.filterIs") },
              { value: "not", label: t("events.filterIsNot") },
              { value: "any", label: t("events.filterExists") },
            ]}
          />
          {sense !== "any" && <Autocomplete label={t("events.filterValue")} value={value} onChange={setValue} data={values.data?.values.map((v) => v.value) ?? []} filter={({ options }) => options} {...list} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("cancel")}
            </Button>
            <Button type="submit" disabled={!field.trim() || (sense !== "any" && !value)}>
              {t("events.filterSave")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
