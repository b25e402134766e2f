import { Text } from "@mantine/core";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { CopyBlock } from "../../ui/CopyBlock.tsx";
import classes from "./Integrity.module.css";

/** The newest checkpoint of an archive and the key that signs it, to be kept elsewhere. */
export function Checkpoint({ delivery }: { delivery: Schemas["Delivery"] }) {
  const t = useT();
  const format = useFormat();
  const seals = delivery.checkpointSeals ?? 0;
  return (
    <div className={classes.checkpoint}>
      <h3 className={classes.sub}>{t("integrity.checkpoint")}</h3>
      {delivery.checkpoint ? (
        <>
          <Text size="sm" className="dim number" mb={6}>
            {t(seals === 1 ? "integrity.checkpointOne" : "integrity.checkpointSeals", { n: format.number(seals) })}
            {delivery.lastSeal && ` · ${t("integrity.lastSeal", { time: format.time(new Date(delivery.lastSeal)) })}`}
          </Text>
          <CopyBlock text={delivery.checkpoint} label={t("integrity.checkpointCopy")} />
        </>
      ) : (
        <Text size="sm" className="dim">
          {t("integrity.checkpointNone")}
        </Text>
      )}
      {delivery.signingKey && (
        <>
          <h3 className={classes.sub}>{t("integrity.key")}</h3>
          <CopyBlock text={delivery.signingKey} label={t("integrity.keyCopy")} />
        </>
      )}
    </div>
  );
}
