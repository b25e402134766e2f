import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { useT } from "../i18n/LanguageProvider.tsx";
import classes from "./Notices.module.css";
import { dismiss, told } from "./notify.ts";

/** The corner in which is told what is done. It is always there: what appears in it is read aloud. */
export function Notices() {
  const t = useT();
  const notices = useSyncExternalStore(told.subscribe, told.now);
  return (
    <div className={classes.corner} aria-live="polite">
      {notices.map((n) => (
        <div key={n.id} className={classes.notice}>
          <div>
            {n.title && <b>{n.title}</b>}
            <p>{n.text}</p>
          </div>
          <ActionIcon size="sm" aria-label={t("close")} onClick={() => dismiss(n.id)}>
            <IconX size={14} />
          </ActionIcon>
        </div>
      ))}
    </div>
  );
}
