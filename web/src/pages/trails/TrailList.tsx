import { Skeleton, Stack } from "@mantine/core";
import { IconPlus, IconRoute } from "@tabler/icons-react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { EmptyNote } from "../../ui/EmptyNote.tsx";
import { Page } from "../../ui/Page.tsx";
import { LinkButton } from "../../ui/LinkButton.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { TrailRow } from "./TrailRow.tsx";
import { useTrails } from "./useTrails.ts";

/** Every trail with what one wants to know first. */
export function TrailList() {
  const t = useT();
  const { data, error, refetch } = useTrails();
  const add = (
    <LinkButton to="/trails" search={{ form: "new" }} leftSection={<IconPlus size={15} aria-hidden />}>
      {t("trails.new")}
    </LinkButton>
  );
  return (
    <Page title={t("nav.trails")} detail={t("trails.detail")} actions={add}>
      <Stack gap="sm">
        {error && <ProblemNote error={error} again={() => void refetch()} />}
        {!data && !error && <Skeleton height={140} />}
        {data?.length === 0 && <EmptyNote icon={<IconRoute />} title={t("trails.none")} detail={t("trails.noneHint")} />}
        {data?.map((trail) => (
          <TrailRow key={trail.name} trail={trail} />
        ))}
      </Stack>
    </Page>
  );
}
