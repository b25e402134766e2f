import { Skeleton, Tabs } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { Page } from "../../ui/Page.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { Overview } from "./Overview.tsx";
import { Quarantine } from "./Quarantine.tsx";
import { useStatus } from "./useStatus.ts";

const route = getRouteApi("/status");

/** How the server is, and what it could not take. */
export function Status() {
  const t = useT();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch, samples } = useStatus();
  return (
    <Page title={t("nav.status")} detail={t("status.detail")}>
      {error && <ProblemNote error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton height={240} />}
      {data && (
        <Tabs value={tab ?? "overview"} onChange={(value) => void navigate({ search: { tab: value === "quarantine" ? value : undefined } })} keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="overview">{t("status.overview")}</Tabs.Tab>
            <Tabs.Tab value="quarantine">{data.quarantine.count > 0 ? t("status.quarantineOf", { n: data.quarantine.count }) : t("status.quarantine")}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="overview">
            <Overview status={data} samples={samples} />
          </Tabs.Panel>
          <Tabs.Panel value="quarantine">
            <Quarantine />
          </Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}
