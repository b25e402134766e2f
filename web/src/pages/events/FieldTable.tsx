import { useClipboard } from "@mantine/hooks";
import { IconAsterisk, IconCheck, IconColumns3, IconCopy, IconMinus, IconPlus } from "@tabler/icons-react";
import { memo, useCallback, useEffect, useRef } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { Act } from "../../ui/Act.tsx";
import { Hints } from "../../ui/Hints.tsx";
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
export const FieldTable = memo(function FieldTable({ event, words }: { event: Event; words: readonly string[] }) {
  const filter = useFilter();
  const { columns, set } = useColumns();
  const now = useRef({ filter, columns, set });
  useEffect(() => {
    now.current = { filter, columns, set };
  });
  // The same at each render: a field that the next event has, too, is not drawn anew.
  const act = useCallback((what: What, path: string, text: string) => {
    const { filter, columns, set } = now.current;
    if (what === "column") set([...columns, path]);
    else filter(what === "without" ? exclude(path, text) : include(path, what === "only" ? text : null));
  }, []);
  return (
    <Hints>
      <table className={classes.table}>
        <tbody>
          {rowsOf(event).map(({ key, path, text }) => (
            <Field key={key} path={path} text={text} words={words} column={columns.includes(path)} onAct={act} />
          ))}
        </tbody>
      </table>
    </Hints>
  );
});

/** The fields, each under a key that it has in any event. */
function rowsOf(event: Event): { key: string; path: string; text: string }[] {
  const met = new Map<string, number>();
  return leavesOf(event).map(({ path, value }) => {
    const n = met.get(path) ?? 0;
    met.set(path, n + 1);
    return { key: `${path} ${n}`, path, text: textOf(value) };
  });
}

type What = "only" | "without" | "exists" | "column";

interface FieldProps {
  path: string;
  text: string;
  words: readonly string[];
  column: boolean;
  onAct: (what: What, path: string, text: string) => void;
}

const Field = memo(function Field({ path, text, words, column, onAct }: FieldProps) {
  const t = useT();
  const format = useFormat();
  const { copied, copy } = useClipboard({ timeout: 1000 });
  const what = `${path}: ${text.slice(0, 80)}`;
  const act = (name: What) => () => onAct(name, path, text);
  return (
    <tr>
      <th scope="row">{path}</th>
      <td>
        <div className={classes.value} {...(text.length > long ? { role: "group", "aria-label": path, tabIndex: 0 } : undefined)}>
          <Marked text={path.endsWith("Time") ? format.stamp(text) : text} words={words} />
        </div>
        <div className={classes.acts}>
          {!unasked.has(path) && (
            <>
              <Act label={t("events.include", { what })} onClick={act("only")}>
                <IconPlus size={14} />
              </Act>
              <Act label={t("events.exclude", { what })} onClick={act("without")}>
                <IconMinus size={14} />
              </Act>
              <Act label={t("events.exists", { field: path })} onClick={act("exists")}>
                <IconAsterisk size={14} />
              </Act>
              {!column && (
                <Act label={t("events.columnAdd", { field: path })} onClick={act("column")}>
                  <IconColumns3 size={14} />
                </Act>
              )}
            </>
          )}
          <Act label={t("events.copyValue", { what: path })} onClick={() => copy(text)}>
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </Act>
        </div>
      </td>
    </tr>
  );
});
