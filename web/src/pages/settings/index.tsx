import { NativeSelect, SegmentedControl, Stack, Text, useMantineColorScheme } from "@mantine/core";
import type { ReactNode } from "react";
import { useLanguage } from "../../i18n/LanguageProvider.tsx";
import { isLanguage, languages } from "../../i18n/language.ts";
import { useZone, type Zone } from "../../time/zone.ts";
import { Page } from "../../ui/Page.tsx";
import { Surface } from "../../ui/Surface.tsx";
import classes from "./Settings.module.css";

/** Choices of this browser's user. They never leave it. */
export function Settings() {
  const { t, language, setLanguage } = useLanguage();
  const [zone, setZone] = useZone();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Page title={t("nav.settings")} detail={t("settings.detail")}>
      <Surface aria-label={t("nav.settings")} className={classes.choices}>
        <Stack gap={0}>
          <Choice title={t("language.label")} detail={t("settings.languageDetail")}>
            <NativeSelect
              aria-label={t("language.label")}
              value={language}
              onChange={(e) => isLanguage(e.currentTarget.value) && setLanguage(e.currentTarget.value)}
              data={Object.entries(languages).map(([value, { name }]) => ({ value, label: name }))}
            />
          </Choice>
          <Choice title={t("zone.label")} detail={t("settings.zoneDetail")}>
            <SegmentedControl
              aria-label={t("zone.label")}
              value={zone}
              onChange={(value) => setZone(value as Zone)}
              data={[
                { value: "utc", label: t("zone.utc") },
                { value: "local", label: `${t("zone.local")} (${Intl.DateTimeFormat().resolvedOptions().timeZone})` },
              ]}
            />
          </Choice>
          <Choice title={t("scheme.label")} detail={t("settings.schemeDetail")}>
            <SegmentedControl
              aria-label={t("scheme.label")}
              value={colorScheme}
              onChange={(value) => setColorScheme(value as typeof colorScheme)}
              data={(["light", "dark", "auto"] as const).map((value) => ({ value, label: t(`scheme.${value}`) }))}
            />
          </Choice>
        </Stack>
      </Surface>
      <Text size="sm" mt="lg">
        <a href="/licences.txt" className={classes.link}>
          {t("settings.licences")}
        </a>
      </Text>
    </Page>
  );
}

function Choice({ title, detail, children }: { title: string; detail: string; children: ReactNode }) {
  return (
    <div className={classes.choice}>
      <div>
        <Text fw={560}>{title}</Text>
        <Text className="dim" size="sm">
          {detail}
        </Text>
      </div>
      {children}
    </div>
  );
}
