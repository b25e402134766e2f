import { Button, Group } from "@mantine/core";
import { IconPackageExport, IconShieldSearch } from "@tabler/icons-react";
import type { Schemas } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { Checkpoint } from "./Checkpoint.tsx";
import classes from "./Integrity.module.css";
import { useVerifications } from "./useVerifications.ts";
import { Verification } from "./Verification.tsx";
import { Witnesses } from "./Witnesses.tsx";

/** A trail: what its archives are proved by, and what the last look at them found. */
export function TrailProof({ trail, onBundle }: { trail: Schemas["TrailStatus"]; onBundle: () => void }) {
  const t = useT();
  const { asked, begin, running } = useVerifications(trail.name);
  return (
    <Surface aria-labelledby={`trail-${trail.name}`} className={classes.trail}>
      <Group justify="space-between" gap="sm">
        <h2 className={classes.name} id={`trail-${trail.name}`}>
          {trail.name}
        </h2>
        <Group gap="xs">
          <Button variant="default" leftSection={<IconPackageExport size={15} aria-hidden />} onClick={onBundle} aria-label={`${t("integrity.bundle")}: ${trail.name}`}>
            {t("integrity.bundle")}
          </Button>
          <Button leftSection={<IconShieldSearch size={15} aria-hidden />} loading={begin.isPending} disabled={running} onClick={() => begin.mutate()} aria-label={`${t("integrity.verify")}: ${trail.name}`}>
            {running ? t("integrity.verifying") : t("integrity.verify")}
          </Button>
        </Group>
      </Group>
      {begin.error && <ProblemNote error={begin.error} />}
      {asked.error && <ProblemNote error={asked.error} again={() => void asked.refetch()} />}
      {trail.deliver.map((delivery) => (
        <div key={delivery.name} className={classes.delivery}>
          <div className={classes.place}>
            <b>{delivery.name}</b> <span className="mono dim">{delivery.target}</span>
          </div>
          <div className={classes.halves}>
            <div>
              <Verification trail={trail.name} verification={asked.data?.find((v) => v.delivery === delivery.name)} />
              <Witnesses delivery={delivery} />
            </div>
            <Checkpoint delivery={delivery} />
          </div>
        </div>
      ))}
    </Surface>
  );
}
