import { Kbd, Modal, SimpleGrid } from "@mantine/core";
import type { Key } from "../i18n/dictionary.ts";
import { useT } from "../i18n/LanguageProvider.tsx";
import { pages } from "./pages.ts";
import { eventKeys } from "../pages/events/keys.ts";
import classes from "./ShortcutSheet.module.css";

/** Every shortcut there is. */
export function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const t = useT();
  const row = (keys: readonly string[], text: string) => (
    <div key={text} className={classes.row}>
      <dt>
        {keys.map((key) => (
          <Kbd key={key}>{key}</Kbd>
        ))}
      </dt>
      <dd>{text}</dd>
    </div>
  );
  const list = (title: Key, rows: React.ReactNode) => (
    <section>
      <h3 className={classes.title}>{t(title)}</h3>
      <dl className={classes.list}>{rows}</dl>
    </section>
  );
  return (
    <Modal opened onClose={onClose} title={t("keys.title")} size="xl" closeButtonProps={{ "aria-label": t("close") }}>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl">
        {list(
          "nav.events",
          eventKeys.map(({ keys, label }) => row(keys, t(label))),
        )}
        {list("keys.everywhere", [
          row(["?"], t("keys.sheet")),
          ...pages.map((page) => row(["g", page.key], t("keys.goto", { page: t(page.label) }))),
          row(["u"], t("keys.zone")),
          row(["T"], t("keys.scheme")),
          row(["Esc"], t("keys.close")),
        ])}
      </SimpleGrid>
    </Modal>
  );
}
