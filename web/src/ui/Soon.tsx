import { IconHammer } from "@tabler/icons-react";
import type { Key } from "../i18n/dictionary.ts";
import { useT } from "../i18n/LanguageProvider.tsx";
import { EmptyNote } from "./EmptyNote.tsx";
import { Page } from "./Page.tsx";

/** Holds the place of a page that is not there yet. */
export function Soon({ name }: { name: Key }) {
  const t = useT();
  return (
    <Page title={t(name)}>
      <EmptyNote icon={<IconHammer />} title={t("soon.title")} detail={t("soon.detail")} />
    </Page>
  );
}
