import { SimpleGrid, Stack } from "@mantine/core";
import { useMemo } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { before, useHistogram, useValues } from "./asking.ts";
import { useNew } from "./news.ts";
import { useInvestigation } from "./useInvestigation.ts";
import { ValueList } from "./ValueList.tsx";
import { NewMark, ValuesOf } from "./ValuesOf.tsx";

const shown = 8;

/** Where to begin when one does not know yet whom or what to look for. */
export function Start() {
  const t = useT();
  const { range } = useInvestigation();
  const of = (query: string) => ({ query, range });
  return (
    <Stack gap={14}>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing={14}>
        <ValuesOf title={t("investigate.mostActive")} field="userIdentity.userName" asked={of("")} limit={shown} />
        <ValuesOf title={t("investigate.mostFailing")} field="userIdentity.userName" asked={of("errorCode: *")} limit={shown} none={t("investigate.errorsNone")} />
        <NewPlaces />
        <ValuesOf title={t("investigate.mostChanged")} field="resourceName" asked={of("eventRW: Write")} limit={shown} />
        <ValuesOf title={t("investigate.mostUsedKeys")} field="userIdentity.accessKeyId" asked={of("")} limit={shown} none={t("investigate.keysNone")} />
        <ValuesOf title={t("investigate.failedSignins")} field="sourceIpAddress" asked={of("eventType: ConsoleSignin and errorCode: *")} limit={shown} none={t("investigate.failedSigninsNone")} />
      </SimpleGrid>
    </Stack>
  );
}

/** Addresses that were not seen in the period before. Where there is none to compare with, those seen least: what is odd is rare. */
function NewPlaces() {
  const t = useT();
  const { range } = useInvestigation();
  const asked = useMemo(() => ({ query: "", range }), [range]);
  const { data: over } = useHistogram(asked);
  const { data, error, refetch } = useValues("sourceIpAddress", asked, 1000);
  const { compared, ready, isNew } = useNew("sourceIpAddress", asked, over && before(over.from, over.to));
  const rows = !data || !ready ? undefined : compared ? data.values.filter((v) => isNew(v.value)).map((v) => ({ ...v, mark: <NewMark /> })) : data.values.toReversed();
  return (
    <ValueList
      title={t(compared || !ready ? "investigate.newPlaces" : "investigate.rarePlaces")}
      field="sourceIpAddress"
      rows={rows?.slice(0, shown)}
      of={data?.having ?? 0}
      error={error}
      again={() => void refetch()}
      none={t("investigate.newPlacesNone")}
      note={ready && !compared ? t("investigate.nothingBefore") : undefined}
    />
  );
}
