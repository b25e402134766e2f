import { CloseButton, Group, Tooltip } from "@mantine/core";
import { IconChevronsLeft, IconChevronsRight, IconClock, IconKeyboard } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useT } from "../i18n/LanguageProvider.tsx";
import { useZone } from "../time/zone.ts";
import { Brand } from "./Brand.tsx";
import { pages } from "./pages.ts";
import { SchemeSwitch } from "./SchemeSwitch.tsx";
import classes from "./Shell.module.css";

interface Props {
  narrow: boolean;
  onNarrow: (narrow: boolean) => void;
  onClose?: () => void;
  onSheet: () => void;
}

/** The rail: where one can go, and below it what holds everywhere. */
export function Navigation({ narrow, onNarrow, onClose, onSheet }: Props) {
  const t = useT();
  const [zone, setZone] = useZone();
  const other = zone === "utc" ? "local" : "utc";
  const named = { utc: t("zone.utc"), local: t("zone.local") };
  const tool = (label: string, icon: React.ReactNode, act: () => void, text = label) => (
    <Tooltip label={label} position="right">
      <button type="button" className={classes.tool} onClick={act} aria-label={label}>
        {icon}
        {!narrow && text}
      </button>
    </Tooltip>
  );
  return (
    <div className={`${classes.nav} ${narrow ? classes.narrow : ""}`}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Brand narrow={narrow} />
        {onClose && <CloseButton onClick={onClose} aria-label={t("close")} c="var(--at-rail-ink)" variant="transparent" />}
      </Group>
      {pages.map(({ to, label, icon: Icon }) => (
        <Tooltip key={to} label={t(label)} position="right" disabled={!narrow}>
          <Link to={to} className={classes.link} activeOptions={{ exact: to === "/", includeSearch: false }} aria-label={narrow ? t(label) : undefined}>
            <Icon size={18} stroke={1.7} aria-hidden />
            {!narrow && t(label)}
          </Link>
        </Tooltip>
      ))}
      <div className={classes.space} />
      {tool(t("zone.switch", { zone: named[zone], other: named[other] }), <IconClock size={16} stroke={1.7} aria-hidden />, () => setZone(other), named[zone])}
      <SchemeSwitch narrow={narrow} />
      {tool(t("keys.title"), <IconKeyboard size={16} stroke={1.7} aria-hidden />, onSheet)}
      {!onClose &&
        (narrow
          ? tool(t("nav.expand"), <IconChevronsRight size={16} stroke={1.7} aria-hidden />, () => onNarrow(false))
          : tool(t("nav.collapse"), <IconChevronsLeft size={16} stroke={1.7} aria-hidden />, () => onNarrow(true)))}
    </div>
  );
}
