import { Button, Skeleton, Stack } from "@mantine/core";
import { IconPackageExport, IconShieldCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { api, taken } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { EmptyNote } from "../../ui/EmptyNote.tsx";
import { Page } from "../../ui/Page.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { archives } from "../trails/state.ts";
import { Outside } from "./Outside.tsx";
import { TrailProof } from "./TrailProof.tsx";

const BundleDialog = lazy(() => import("./BundleDialog.tsx"));

/** What shows that the archives are complete and unchanged, and how somebody else can see it for himself. */
export function Integrity() {
  const t = useT();
  const [bundled, setBundled] = useState<string | null>(null);
  const { data, error, refetch } = useQuery({
    queryKey: ["trails"],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/trails", { signal })).trails,
    // What is only sent cannot be proven.
    select: (trails) => trails.map((trail) => ({ ...trail, deliver: trail.deliver.filter(archives) })).filter((trail) => trail.deliver.length > 0),
    refetchInterval: 15_000,
  });
  const bundle = (
    <Button variant="default" leftSection={<IconPackageExport size={16} aria-hidden />} disabled={!data?.length} onClick={() => setBundled(data?.[0]?.name ?? null)}>
      {t("integrity.bundle")}
    </Button>
  );
  return (
    <Page title={t("nav.integrity")} detail={t("integrity.detail")} actions={bundle}>
      <Stack gap={14}>
        {error && <ProblemNote error={error} again={() => void refetch()} />}
        {!data && !error && <Skeleton height={240} />}
        {data?.length === 0 && <EmptyNote icon={<IconShieldCheck />} title={t("integrity.none")} detail={t("integrity.noneHint")} />}
        {data?.map((trail) => <TrailProof key={trail.name} trail={trail} onBundle={() => setBundled(trail.name)} />)}
        {data && data.length > 0 && <Outside trails={data} />}
      </Stack>
      {data && bundled !== null && (
        <Suspense>
          <BundleDialog trails={data} trail={bundled} onClose={() => setBundled(null)} />
        </Suspense>
      )}
    </Page>
  );
}
