import { ActionIcon, Button, Menu, Tooltip, UnstyledButton } from "@mantine/core";
import { IconEye, IconEyeOff, IconFilterPlus, IconPencil, IconPin, IconPinnedOff, IconPlusMinus, IconTrash, IconX } from "@tabler/icons-react";
import { lazy, memo, Suspense, useState } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { filtersOf, withFilters } from "./address.ts";
import { filterQuery, withFilter, writeFilter, type Filter } from "./filters.ts";
import classes from "./Pills.module.css";
import { useAddress } from "./useAddress.ts";

const FilterForm = lazy(() => import("./FilterForm.tsx"));

/** What narrows the search besides the query: writes only, and the filters. */
export const Pills = memo(function Pills() {
  const t = useT();
  const [search, change] = useAddress();
  const filters = filtersOf(search);
  const [edited, setEdited] = useState<number | "new" | null>(null);
  const put = (i: number, part: Partial<Filter>) => change(withFilters(filters.map((f, n) => (n === i ? { ...f, ...part } : f))));
  const drop = (i: number) => change(withFilters(filters.filter((_, n) => n !== i)));
  return (
    <div className={classes.pills} role="group" aria-label={t("events.filterAdd")}>
      <Tooltip label={search.reads ? t("events.readsOff") : `${t("events.writesHint")}. ${t("events.writesOff")}`}>
        <UnstyledButton className={classes.mode} data-on={search.reads ? undefined : true} aria-pressed={!search.reads} onClick={() => change({ reads: search.reads ? undefined : "1" })}>
          {search.reads ? <IconEye size={14} aria-hidden /> : <IconEyeOff size={14} aria-hidden />}
          {search.reads ? t("events.reads") : t("events.writes")}
        </UnstyledButton>
      </Tooltip>
      {filters.map((f, i) => (
        <div key={writeFilter(f)} className={classes.pill} data-not={f.not || undefined} data-off={f.off || undefined}>
          <Menu position="bottom-start">
            <Menu.Target>
              <UnstyledButton className={classes.text}>
                {f.pinned && <IconPin size={13} aria-hidden />}
                {f.not && <b>{t("events.filterNot")}</b>}
                <span className={classes.field}>{f.field}</span>
                <span className={classes.value}>{f.value ?? t("events.filterAny")}</span>
                {f.off && <span>({t("events.filterOff")})</span>}
              </UnstyledButton>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconPlusMinus size={15} />} onClick={() => put(i, { not: !f.not })}>
                {t("events.filterNegate")}
              </Menu.Item>
              <Menu.Item leftSection={f.off ? <IconEye size={15} /> : <IconEyeOff size={15} />} onClick={() => put(i, { off: !f.off })}>
                {t(f.off ? "events.filterEnable" : "events.filterDisable")}
              </Menu.Item>
              <Menu.Item leftSection={f.pinned ? <IconPinnedOff size={15} /> : <IconPin size={15} />} onClick={() => put(i, { pinned: !f.pinned })}>
                {t(f.pinned ? "events.filterUnpin" : "events.filterPin")}
              </Menu.Item>
              <Menu.Item leftSection={<IconPencil size={15} />} onClick={() => setEdited(i)}>
                {t("events.filterEdit")}
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item c="var(--at-bad)" leftSection={<IconTrash size={15} />} onClick={() => drop(i)}>
                {t("events.filterRemove")}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <ActionIcon size="sm" aria-label={`${t("events.filterRemove")}: ${filterQuery(f)}`} onClick={() => drop(i)}>
            <IconX size={13} />
          </ActionIcon>
        </div>
      ))}
      <Button variant="subtle" color="gray" size="compact-xs" leftSection={<IconFilterPlus size={14} aria-hidden />} onClick={() => setEdited("new")}>
        {t("events.filterAdd")}
      </Button>
      {filters.some((f) => !f.pinned) && filters.length > 1 && (
        <Button variant="subtle" color="gray" size="compact-xs" onClick={() => change(withFilters(filters.filter((f) => f.pinned)))}>
          {t("events.filtersClear")}
        </Button>
      )}
      {edited !== null && (
        <Suspense>
        <FilterForm
          filter={edited === "new" ? undefined : filters[edited]}
          onClose={() => setEdited(null)}
          onSave={(f) => {
            change(withFilters(edited === "new" ? withFilter(filters, f) : filters.map((old, n) => (n === edited ? f : old))));
            setEdited(null);
          }}
        />
        </Suspense>
      )}
    </div>
  );
});
