import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { CopyBlock } from "../../ui/CopyBlock.tsx";
import { Surface } from "../../ui/Surface.tsx";
import classes from "./Integrity.module.css";
import { archiveOf, checkArchive, checkBundle } from "./commands.ts";

/** What this page shows and what it cannot: whoever does not trust this server checks without it. */
export function Outside({ trails }: { trails: readonly Schemas["TrailStatus"][] }) {
  const t = useT();
  const archives = trails.flatMap((trail) => trail.deliver.map((delivery) => ({ name: `${trail.name}-${delivery.name}`, place: archiveOf(delivery) })));
  return (
    <Surface className={classes.outside} aria-labelledby="outside">
      <h2 className={classes.name} id="outside">
        {t("integrity.outside")}
      </h2>
      <p>{t("integrity.outsideProves")}</p>
      <ol>
        <li>{t("integrity.outsideKeep")}</li>
        <li>{t("integrity.outsideArchive")}</li>
      </ol>
      <CopyBlock text={archives.map(({ name, place }) => checkArchive(name, place)).join("\n")} label={t("integrity.commandCopy")} />
      <p>{t("integrity.outsideBundle")}</p>
      <CopyBlock text={checkBundle("bundle.zip", archives[0]?.name ?? "trail")} label={t("integrity.bundleCommandCopy")} />
    </Surface>
  );
}
