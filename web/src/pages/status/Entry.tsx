import { Button, Group } from "@mantine/core";
import type { Schemas } from "../../api/client.ts";
import type { Key } from "../../i18n/dictionary.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import { StateMark } from "../../ui/StateMark.tsx";
import classes from "./Status.module.css";
import type { Answer } from "./useQuarantine.ts";

const means: Readonly<Record<string, Key>> = {
  "not a batch": "status.reason.notABatch",
  "bad signature": "status.reason.badSignature",
  "unknown key": "status.reason.unknownKey",
  "wrong subject": "status.reason.wrongSubject",
  "revoked key": "status.reason.revokedKey",
  fork: "status.reason.fork",
  "undecodable body": "status.reason.badBody",
  "not indexable": "status.reason.notIndexable",
};

/** One thing in quarantine: what is wrong with it in a sentence, and what came of another try. */
export function Entry({ entry, answer, pending, onRetry }: { entry: Schemas["QuarantineEntry"]; answer: Answer | undefined; pending: boolean; onRetry: () => void }) {
  const t = useT();
  const format = useFormat();
  const now = answer && "entry" in answer ? answer.entry : entry;
  const meaning = means[entry.reason];
  return (
    <li>
      <Group justify="space-between" align="flex-start" gap="sm">
        <div className={classes.what}>
          <StateMark tone={now.takenIn ? "good" : "bad"}>{entry.reason}</StateMark> <span className="dim">{t("status.entryOf", { when: format.stamp(entry.stored), bytes: format.bytes(entry.bytes) })}</span>
        </div>
        {!now.takenIn && (
          <Button variant="default" disabled={pending} onClick={onRetry} aria-label={t("status.retryOne", { id: entry.id })}>
            {t("status.retry")}
          </Button>
        )}
      </Group>
      {meaning && <p>{t(meaning)}</p>}
      <p className="mono">{entry.subject}</p>
      <p>{entry.detail}</p>
      {now.takenIn && (
        <p role="status">{t("status.takenIn", { when: format.stamp(now.takenIn), n: format.number(now.takenInEvents ?? 0), known: format.number(now.knownEvents ?? 0) })}</p>
      )}
      {answer && "error" in answer && <ProblemNote error={answer.error} />}
    </li>
  );
}
