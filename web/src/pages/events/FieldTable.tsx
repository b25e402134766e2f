import { ActionIcon, CopyButton, Tooltip } from "@mantine/core";
import { IconAsterisk, IconCheck, IconColumns3, IconCopy, IconMinus, IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { Marked } from "../../ui/Marked.tsx";
import { useColumns } from "./columns.ts";
import { leavesOf, textOf, type Event } from "./event.ts";
import classes from "./FieldTable.module.css";
import { exclude, include } from "./filters.ts";
import { useFilter } from "./useFilter.ts";

/** Fields that the index does not hold, so that no filter finds them. */
const unasked = new Set(["eventVersion"]);

/** From so many characters on a value has a box that scrolls, which the keys have to reach. */
const long = 300;

/** Every field of an event, each with what can be done with its value. */
export function FieldTable({ event, words }: { event: Event; words: readonly string[] }) {
  const t = useT();
  const format = useFormat();
  const add = useFilter();
  const { columns, set } = useColumns();
  return (
    <table className={classes.table}>
      <tbody>
        {leavesOf(event).map(({ path, value }, i) => {
          const text = textOf(value);
          const act = (label: string, icon: ReactNode, onClick: () => void) => (
            <Tooltip label={label} multiline maw={320}>
              <ActionIcon size="sm" aria-label={label} onClick={onClick}>
                {icon}
              </ActionIcon>
            </Tooltip>
          );
          const what = `${path}: ${text.slice(0, 80)}`;
          return (
            <tr key={i}>
              <th scope="row">{path}</th>
              <td>
                <div className={classes.value} {...(text.length > long ? { role: "group", "aria-label": path, tabIndex: 0 } : undefined)}>
                  <Marked text={path.endsWith("Time") ? format.stamp(text) : text} words={words} />
                </div>
                <div className={classes.acts}>
                  {!unasked.has(path) && (
                    <>
                      {act(t("events.include", { what }), <IconPlus size={14} />, () => add(include(path, text)))}
                      {act(t("events.exclude", { what }), <IconMinus size={14} />, () => add(exclude(path, text)))}
                      {act(t("events.exists", { field: path }), <IconAsterisk size={14} />, () => add(include(path, null)))}
                      {!columns.includes(path) && act(t("events.columnAdd", { field: path }), <IconColumns3 size={14} />, () => set([...columns, path]))}
                    </>
                  )}
                  <CopyButton value={text}>{({ copied, copy }) => act(t("events.copyValue", { what: path }), copied ? <IconCheck size={14} /> : <IconCopy size={14} />, copy)}</CopyButton>
                </div>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
