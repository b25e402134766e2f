import { NativeSelect, TextInput } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { Mistake } from "../events/Mistake.tsx";
import { useCheck } from "../events/useCheck.ts";
import type { Draft } from "./draft.ts";
import classes from "./Trails.module.css";

const Editor = lazy(() => import("../events/Editor.tsx"));
const range = { from: "now-7d", to: "now" };

interface Props {
  draft: Draft;
  /** What the server says is wrong, by field. */
  told: Partial<Record<keyof Draft, string>>;
  onChange: (part: Partial<Draft>) => void;
  onRun: () => void;
}

/** The fields of a trail. */
export function DraftFields({ draft, told, onChange, onRun }: Props) {
  const t = useT();
  const check = useCheck(draft.where);
  const text = (field: keyof Draft, hint?: string) => (
    <TextInput label={t(`trails.field.${field}`)} placeholder={hint} value={draft[field]} error={told[field]} spellCheck={false} autoComplete="off" onChange={(e) => onChange({ [field]: e.currentTarget.value })} />
  );
  const choice = (field: "eventRw" | "kind" | "layout" | "format", values: readonly { value: string; label: string }[]) => (
    <NativeSelect label={t(`trails.field.${field}`)} value={draft[field]} error={told[field]} data={[...values]} onChange={(e) => onChange({ [field]: e.currentTarget.value } as Partial<Draft>)} />
  );
  const same = (...values: string[]) => values.map((value) => ({ value, label: value }));
  return (
    <div className={classes.fields}>
      {text("name", "security")}
      {choice("eventRw", [
        { value: "All", label: t("trails.rw.All") },
        { value: "Write", label: t("trails.rw.Write") },
        { value: "Read", label: t("trails.rw.Read") },
      ])}
      <div className={classes.whole}>
        <span className={classes.label}>{t("trails.field.where")}</span>
        <div className={classes.kql}>
          <Suspense>
            <Editor text={draft.where} range={range} mistake={check?.error} focus={false} label={t("trails.field.where")} hint={t("trails.whereHint")} onChange={(where) => onChange({ where })} onRun={onRun} />
          </Suspense>
        </div>
        {check ? <Mistake text={draft.where} check={check} /> : null}
        {told.where && !check?.error && <p className={classes.mistake}>{told.where}</p>}
      </div>
      {text("services", "Ram, Sts")}
      {text("regions", "cn-*")}
      {text("accounts")}
      {text("eventTypes", "ApiCall, ConsoleSignin")}
      {choice("kind", [
        { value: "file", label: t("trails.kind.file") },
        { value: "s3", label: t("trails.kind.s3") },
      ])}
      {draft.kind === "file" ? (
        text("path", "./data/archive-security")
      ) : (
        <>
          {text("bucket", "audit")}
          {text("region", "eu-central-1")}
          {text("endpoint", "https://s3.example.com")}
        </>
      )}
      {text("prefix", "prod")}
      {choice("layout", same("actiontrail", "cloudtrail", "hive"))}
      {draft.layout !== "cloudtrail" && choice("format", same("ndjson.gz", "ndjson.zst", "parquet"))}
      {text("maxAge", "1m")}
    </div>
  );
}
