import { ActionIcon } from "@mantine/core";
import { IconChevronRight, IconClockShield, IconShield } from "@tabler/icons-react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import type { Event } from "./event.ts";
import classes from "./EventTable.module.css";
import { waits, type SealedUntil } from "./seals.ts";

interface Props {
  event: Event;
  sealed: SealedUntil | null;
  expanded: boolean;
  onExpand: () => void;
}

/** Before the first column of a row: what opens it in place, and whether it is behind a seal. */
export function RowStart({ event, sealed, expanded, onExpand }: Props) {
  const t = useT();
  const label = t(expanded ? "events.rowClose" : "events.rowOpen");
  const waiting = sealed !== null && waits(event, sealed);
  const Seal = waiting ? IconClockShield : IconShield;
  const seal = sealed && t(waiting ? "events.sealWaits" : "events.sealPast", { trail: sealed.trail });
  return (
    <span className={classes.start}>
      <ActionIcon
        size="sm"
        aria-label={label}
        title={label}
        aria-expanded={expanded}
        onClick={(e) => {
          e.stopPropagation();
          onExpand();
        }}
      >
        <IconChevronRight size={14} className={classes.chevron} aria-hidden />
      </ActionIcon>
      {seal && (
        <span role="img" aria-label={seal} title={seal} className={classes.seal} data-waits={waiting || undefined}>
          <Seal size={14} aria-hidden />
        </span>
      )}
    </span>
  );
}
