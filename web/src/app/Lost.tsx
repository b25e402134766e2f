import { Button } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useT } from "../i18n/LanguageProvider.tsx";
import { EmptyNote } from "../ui/EmptyNote.tsx";
import { useTitle } from "../ui/Page.tsx";

/** Any path that is no page. */
export function Lost() {
  const t = useT();
  useTitle(t("page.lost"));
  return (
    <EmptyNote whole icon={<IconMapQuestion />} title={t("page.lost")} detail={t("page.lostHint")}>
      <Button component={Link} to="/">
        {t("page.home")}
      </Button>
    </EmptyNote>
  );
}
