import { Button, Group, SegmentedControl, Skeleton, Stack, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState, type FormEvent } from "react";
import { Problem } from "../../api/problem.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { CopyBlock } from "../../ui/CopyBlock.tsx";
import { notify } from "../../ui/notify.ts";
import { Page } from "../../ui/Page.tsx";
import { LinkButton } from "../../ui/LinkButton.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { Surface } from "../../ui/Surface.tsx";
import { emptyDraft, mistakesOf, writeDraft } from "./draft.ts";
import { DraftFields } from "./DraftFields.tsx";
import { PlanPreview } from "./PlanPreview.tsx";
import classes from "./Trails.module.css";
import { planTrail, saveTrail, useTrailCall, useTrailText } from "./useTrails.ts";

/** Makes a trail, or changes the one of the name: by a form or by its block; what would come of it is seen first. */
export default function TrailForm({ name }: { name: string | undefined }) {
  const t = useT();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(emptyDraft);
  const [written, setWritten] = useState<string | null>(null); // the block as it was typed
  const [mode, setMode] = useState<"form" | "hcl">(name ? "hcl" : "form");
  const held = useTrailText(name);
  const shown = useRef<HTMLDivElement>(null);
  const plan = useMutation({ mutationFn: planTrail });
  const save = useTrailCall(saveTrail);
  const made = writeDraft(draft);
  const text = mode === "form" ? made.text : (written ?? (name ? (held.data ?? "") : made.text));
  const error = save.error ?? plan.error;
  const told = mode === "form" && error instanceof Problem ? mistakesOf(error.detail ?? "", draft.name.trim(), made.fields) : {};
  if (mode === "form" && error instanceof Problem && error.parameter === "name") told.name = [error.detail, error.hint].filter(Boolean).join(". ");

  const change = (act: () => void) => {
    act();
    plan.reset();
    save.reset();
  };
  const preview = () => {
    save.reset();
    // On a phone it stands below the form.
    plan.mutate(text, { onSuccess: () => requestAnimationFrame(() => shown.current?.scrollIntoView({ block: "nearest" })) });
  };
  const keep = () => {
    plan.reset();
    save.mutate(
      { text, name },
      {
        onSuccess: (answer) => {
          const saved = (answer as { data?: { name: string } }).data?.name ?? name;
          void notify(t("trails.saved", { name: saved ?? "" }));
          void navigate({ to: "/trails", search: { trail: saved } });
        },
      },
    );
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    preview();
  };
  return (
    <Page title={name ? t("trails.editTitle", { name }) : t("trails.new")} detail={t("trails.formDetail")}>
      <form onSubmit={submit} noValidate className={classes.form}>
        <Surface className={classes.card} aria-label={t("trails.formAbout")}>
          <Stack gap="md">
            {!name && (
              <SegmentedControl
                aria-label={t("trails.formHow")}
                value={mode}
                onChange={(value) => change(() => setMode(value as typeof mode))}
                data={[
                  { value: "form", label: t("trails.formForm") },
                  { value: "hcl", label: t("trails.formHcl") },
                ]}
              />
            )}
            {mode === "form" ? (
              <DraftFields draft={draft} told={told} onChange={(part) => change(() => setDraft({ ...draft, ...part }))} onRun={preview} />
            ) : name && held.isPending ? (
              <Skeleton height={300} />
            ) : (
              <Textarea
                label={t("trails.hcl")}
                description={t("trails.hclHint")}
                value={text}
                autosize
                minRows={14}
                maxRows={32}
                spellCheck={false}
                styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12 } }}
                onChange={(e) => change(() => setWritten(e.currentTarget.value))}
              />
            )}
            {error && Object.keys(told).length === 0 && <ProblemNote error={error} />}
            <Group justify="flex-end">
              <LinkButton to="/trails" search={{ trail: name }} variant="default">
                {t("cancel")}
              </LinkButton>
              <Button type="submit" variant="light" loading={plan.isPending}>
                {t("trails.plan")}
              </Button>
              <Button onClick={keep} loading={save.isPending} disabled={!plan.data}>
                {t("trails.save")}
              </Button>
            </Group>
          </Stack>
        </Surface>
        <Stack gap="sm">
          <div ref={shown} className={classes.shown}>
            <PlanPreview plan={plan.data} />
          </div>
          {mode === "form" && <CopyBlock text={text} name={t("trails.hcl")} label={t("trails.hclCopy")} />}
        </Stack>
      </form>
    </Page>
  );
}
