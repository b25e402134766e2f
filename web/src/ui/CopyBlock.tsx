import { ActionIcon, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useT } from "../i18n/LanguageProvider.tsx";
import classes from "./CopyBlock.module.css";

/** A text to be taken elsewhere as it is, such as a command or a key. `label` is what the button does; a text of many lines has a name of its own. */
export function CopyBlock({ text, label, name }: { text: string; label: string; name?: string }) {
  const t = useT();
  return (
    <div className={classes.block}>
      <pre className={`${classes.text} mono`} tabIndex={0} role="region" aria-label={name ?? text.slice(0, 80)}>
        {text.trimEnd()}
      </pre>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? t("copied") : label}>
            <ActionIcon className={classes.copy} aria-label={label} onClick={copy}>
              {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </div>
  );
}
