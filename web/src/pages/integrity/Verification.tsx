import { Progress, Skeleton, Text } from "@mantine/core";
import { IconCircleDashed, IconLoader2, IconShieldCheck, IconShieldExclamation, IconShieldX } from "@tabler/icons-react";
import type { Schemas } from "../../api/client.ts";
import type { Key } from "../../i18n/dictionary.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import classes from "./Integrity.module.css";

type State = Schemas["Verification"]["state"];

const looks: Record<State, { word: Key; icon: typeof IconShieldCheck; tone: "good" | "bad" | "warn" | "quiet" }> = {
  never: { word: "integrity.state.never", icon: IconCircleDashed, tone: "quiet" },
  running: { word: "integrity.state.running", icon: IconLoader2, tone: "quiet" },
  sound: { word: "integrity.state.sound", icon: IconShieldCheck, tone: "good" },
  damaged: { word: "integrity.state.damaged", icon: IconShieldX, tone: "bad" },
  failed: { word: "integrity.state.failed", icon: IconShieldExclamation, tone: "warn" },
};

/** What the last check of an archive found, or how far the one is that runs. */
export function Verification({ trail, verification }: { trail: string; verification: Schemas["Verification"] | undefined }) {
  const t = useT();
  const format = useFormat();
  if (!verification) return <Skeleton height={64} />;
  const v = verification;
  const look = looks[v.state];
  const figures = { seals: format.number(v.seals), objects: format.number(v.objects), events: format.number(v.events), bytes: format.bytes(v.bytes) };
  const expired = v.expiredObjects > 0 && t("integrity.expired", { n: format.number(v.expiredObjects) });
  const closed = v.closedObjects > 0 && t("integrity.closed", { n: format.number(v.closedObjects) });
  return (
    <div className={classes.verdict} data-tone={look.tone}>
      <look.icon size={26} className={classes.shield} aria-hidden />
      <div className={classes.said}>
        <div role="status" aria-label={`${t("integrity.verification")}: ${trail}, ${v.delivery}`}>
          <b>{t(look.word)}</b>
        </div>
        <Text size="sm" className="dim number">
          {v.state === "never" && t("integrity.neverHint")}
          {v.state === "running" && (v.objects === 0 ? t("integrity.begun") : t("integrity.progress", { n: format.number(v.objectsDone), of: format.number(v.objects) }))}
          {v.ended && v.state !== "running" && t("integrity.checkedAt", { time: format.time(new Date(v.ended)) })}
        </Text>
        {v.state === "running" && <Progress mt={6} value={v.objects > 0 ? (100 * v.objectsDone) / v.objects : 0} aria-label={t("integrity.state.running")} />}
        {(v.state === "sound" || v.state === "damaged") && (
          <Text size="sm" className="number">
            {[t("integrity.found", figures), expired, closed].filter(Boolean).join(" · ")}
          </Text>
        )}
        {v.error && <Text size="sm">{v.error}</Text>}
        {v.problems.length > 0 && (
          <ul className={classes.problems} aria-label={t("integrity.problems", { n: format.number(v.problemCount) })}>
            {v.problems.map((p, i) => (
              <li key={i}>
                {p.problem}
                {p.key && <div className="mono dim">{p.key}</div>}
              </li>
            ))}
            {v.problemCount > v.problems.length && <li className="dim">{t("integrity.problemsMore", { n: format.number(v.problemCount - v.problems.length) })}</li>}
          </ul>
        )}
      </div>
    </div>
  );
}
