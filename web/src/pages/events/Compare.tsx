import { Text } from "@mantine/core";
import { useT } from "../../i18n/LanguageProvider.tsx";
import classes from "./Compare.module.css";
import { leavesOf, textOf, type Event } from "./event.ts";

/** Two events side by side: what differs in full, and of what is the same how much. */
export function Compare({ first, second }: { first: Event; second: Event }) {
  const t = useT();
  const texts = (event: Event) => {
    const found = new Map<string, string>();
    for (const { path, value } of leavesOf(event)) found.set(path, [found.get(path), textOf(value)].filter((v) => v !== undefined).join(", "));
    return found;
  };
  const [a, b] = [texts(first), texts(second)];
  const paths = [...new Set([...a.keys(), ...b.keys()])];
  const different = paths.filter((p) => a.get(p) !== b.get(p));
  return (
    <>
      <table className={classes.table}>
        <thead>
          <tr>
            <td />
            <th scope="col">{t("events.compareFirst")}</th>
            <th scope="col">{t("events.compareSecond")}</th>
          </tr>
        </thead>
        <tbody>
          {different.map((path) => (
            <tr key={path}>
              <th scope="row">{path}</th>
              <td>{a.get(path) ?? "—"}</td>
              <td>{b.get(path) ?? "—"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Text size="sm" className="dim" mt="sm">
        {t("events.compareSame", { n: paths.length - different.length })}
      </Text>
    </>
  );
}
