import { AppShell, Burger, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Outlet, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { useTokenNeeded } from "../api/token.ts";
import { useT } from "../i18n/LanguageProvider.tsx";
import { isBoolean, useStored } from "../settings/useStored.ts";
import { Brand } from "./Brand.tsx";
import { Navigation } from "./Navigation.tsx";
import classes from "./Shell.module.css";
import { useGlobalKeys } from "./useGlobalKeys.ts";

const ShortcutSheet = lazy(() => import("./ShortcutSheet.tsx").then((m) => ({ default: m.ShortcutSheet })));
const TokenDialog = lazy(() => import("./TokenDialog.tsx").then((m) => ({ default: m.TokenDialog })));

/** What is around every page: the rail, the sheet of shortcuts, and the question for a token. */
export function Shell() {
  const t = useT();
  const [menu, { toggle, close }] = useDisclosure();
  const [sheet, { open: openSheet, close: closeSheet }] = useDisclosure();
  const [narrow, setNarrow] = useStored("rail.narrow", false, isBoolean);
  const needed = useTokenNeeded();
  const { pathname } = useLocation();
  useEffect(close, [pathname, close]);
  useGlobalKeys(openSheet);
  return (
    <AppShell
      layout="alt"
      header={{ height: { base: 48, sm: 0 } }}
      navbar={{ width: { base: 260, sm: narrow ? 60 : 196 }, breakpoint: "sm", collapsed: { mobile: !menu } }}
      withBorder={false}
    >
      <a className={classes.skip} href="#content">
        {t("nav.skip")}
      </a>
      <AppShell.Header hiddenFrom="sm" className={classes.header}>
        <Group h="100%" px="sm" gap="sm">
          <Burger opened={menu} onClick={toggle} size="sm" color="var(--at-rail-ink)" aria-label={t("nav.open")} />
          <Brand />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.rail} aria-label={t("nav.label")}>
        <Navigation narrow={narrow && !menu} onNarrow={setNarrow} onClose={menu ? close : undefined} onSheet={openSheet} />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={classes.main}>
        <Outlet />
      </AppShell.Main>
      <Suspense>
        {sheet && <ShortcutSheet onClose={closeSheet} />}
        {needed && <TokenDialog />}
      </Suspense>
    </AppShell>
  );
}
