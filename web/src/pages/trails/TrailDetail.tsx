import { Button, Skeleton, Stack } from "@mantine/core";
import { IconArrowLeft, IconHistory, IconPencil, IconPlayerPlay, IconPlayerStop, IconTrash } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { CopyBlock } from "../../ui/CopyBlock.tsx";
import { EmptyNote } from "../../ui/EmptyNote.tsx";
import { Fact, Facts } from "../../ui/Facts.tsx";
import { Page } from "../../ui/Page.tsx";
import { LinkButton } from "../../ui/LinkButton.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { StateMark } from "../../ui/StateMark.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { DeliveryCard } from "./DeliveryCard.tsx";
import { archives, toneOf } from "./state.ts";
import classes from "./Trails.module.css";
import { useTrails, useTrailText } from "./useTrails.ts";

const TrailDialog = lazy(() => import("./TrailDialog.tsx"));
const BackfillDialog = lazy(() => import("./BackfillDialog.tsx"));

type Asked = "start" | "stop" | "delete" | "backfill";

/** All that is known of a trail, and what can be done with it. */
export function TrailDetail({ name }: { name: string }) {
  const t = useT();
  const format = useFormat();
  const { data, error, refetch } = useTrails();
  const trail = data?.find((one) => one.name === name);
  const text = useTrailText(trail && name);
  const [asked, ask] = useState<Asked | null>(null);
  const button = (what: Asked, icon: React.ReactNode) => (
    <Button variant="default" leftSection={icon} onClick={() => ask(what)}>
      {t(`trails.${what}`)}
    </Button>
  );
  const actions = trail && (
    <>
      {trail.state === "stopped" ? button("start", <IconPlayerPlay size={15} aria-hidden />) : button("stop", <IconPlayerStop size={15} aria-hidden />)}
      {trail.deliver.some(archives) && button("backfill", <IconHistory size={15} aria-hidden />)}
      {!trail.declaredAt && (
        <>
          <LinkButton to="/trails" search={{ trail: name, form: "edit" }} variant="default" leftSection={<IconPencil size={15} aria-hidden />}>
            {t("trails.edit")}
          </LinkButton>
          {button("delete", <IconTrash size={15} aria-hidden />)}
        </>
      )}
    </>
  );
  return (
    <Page title={name} detail={trail ? undefined : t("nav.trails")} actions={actions}>
      <Link to="/trails" search={{}} className={classes.back}>
        <IconArrowLeft size={15} aria-hidden /> {t("trails.all")}
      </Link>
      {error && <ProblemNote error={error} again={() => void refetch()} />}
      {!data && !error && <Skeleton height={200} />}
      {data && !trail && <EmptyNote icon={<IconTrash />} title={t("trails.gone", { name })} detail={t("trails.goneHint")} />}
      {trail && (
        <Stack gap="sm">
          <Surface className={classes.card} aria-label={t("trails.about")}>
            <Facts>
              <Fact name={t("trails.state")}>
                <StateMark tone={toneOf[trail.state]}>{t(`trails.state.${trail.state}`)}</StateMark>
              </Fact>
              <Fact name={t("trails.lag")} hint={t("trails.lagHint")}>
                {trail.lagBatches === 0 ? t("trails.lagNone") : `${format.duration(trail.lagSeconds)} · ${t("trails.batches", { n: format.number(trail.lagBatches) })}`}
              </Fact>
              <Fact name={t("trails.events")}>{format.number(trail.events)}</Fact>
              {trail.stoppedSince && <Fact name={t("trails.stoppedSince")}>{format.stamp(trail.stoppedSince)}</Fact>}
              {trail.quarantined > 0 && (
                <Fact name={t("trails.quarantined")} tone="warn">
                  {format.number(trail.quarantined)}
                </Fact>
              )}
              {trail.leader && <Fact name={t("trails.leader")}>{trail.leader}</Fact>}
              <Fact wide name={t("trails.where")}>
                {trail.where ? <code className={classes.code}>{trail.where}</code> : t("trails.whereAll")}
              </Fact>
            </Facts>
          </Surface>
          <div className={classes.note}>
            {t(`trails.mean.${trail.state}`)} {trail.declaredAt ? t("trails.declared", { place: trail.declaredAt }) : t("trails.made")}
          </div>
          {trail.deliver.map((delivery) => (
            <DeliveryCard key={delivery.name} trail={name} delivery={delivery} />
          ))}
          <div>
            <h2 className={classes.sub}>{t("trails.hcl")}</h2>
            {text.error && <ProblemNote error={text.error} again={() => void text.refetch()} />}
            {text.data !== undefined && <CopyBlock text={text.data} name={t("trails.hcl")} label={t("trails.hclCopy")} />}
          </div>
        </Stack>
      )}
      {trail && (
        <Suspense>
          {(asked === "start" || asked === "stop" || asked === "delete") && <TrailDialog what={asked} name={name} onClose={() => ask(null)} />}
          {asked === "backfill" && <BackfillDialog trail={trail} onClose={() => ask(null)} />}
        </Suspense>
      )}
    </Page>
  );
}
