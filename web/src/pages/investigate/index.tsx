import { useT } from "../../i18n/LanguageProvider.tsx";
import { Page } from "../../ui/Page.tsx";
import { TimePicker } from "../events/TimePicker.tsx";
import { SearchBox } from "./SearchBox.tsx";
import { Start } from "./Start.tsx";
import { SubjectPage } from "./SubjectPage.tsx";
import { useInvestigation } from "./useInvestigation.ts";

/** Who was it, when, from where: a page for each actor, key, address and resource. */
export function Investigate() {
  const t = useT();
  const { subject, range, change } = useInvestigation();
  return (
    <Page title={t("nav.investigate")} detail={t("investigate.detail")} actions={<TimePicker range={range} onRange={change} />}>
      <SearchBox />
      {subject ? <SubjectPage key={`${subject.kind}:${subject.value}`} subject={subject} /> : <Start />}
    </Page>
  );
}
