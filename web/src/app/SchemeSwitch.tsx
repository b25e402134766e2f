import { Tooltip, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { IconMoon, IconSun, IconSunMoon } from "@tabler/icons-react";
import { useT } from "../i18n/LanguageProvider.tsx";
import classes from "./Shell.module.css";

const icons = { light: IconSun, dark: IconMoon, auto: IconSunMoon };
const next: Record<MantineColorScheme, MantineColorScheme> = { auto: "light", light: "dark", dark: "auto" };

/** Light, dark, or as the system has it, one after the other. */
export function SchemeSwitch({ narrow }: { narrow: boolean }) {
  const t = useT();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Icon = icons[colorScheme];
  const label = `${t("scheme.label")}: ${t(`scheme.${colorScheme}`)}`;
  return (
    <Tooltip label={label} position="right">
      <button type="button" className={classes.tool} onClick={() => setColorScheme(next[colorScheme])} aria-label={label}>
        <Icon size={16} stroke={1.7} aria-hidden />
        {!narrow && t(`scheme.${colorScheme}`)}
      </button>
    </Tooltip>
  );
}
