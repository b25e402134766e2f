import { Alert, Button, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Problem } from "../api/problem.ts";
import { useT } from "../i18n/LanguageProvider.tsx";

/** Says what did not work and what to do about it. */
export function ProblemNote({ error, again }: { error: unknown; again?: () => void }) {
  const t = useT();
  const problem = error instanceof Problem ? error : null;
  const offline = problem?.status === 0;
  const title = offline ? t("problem.offline") : problem?.title || t("problem.title");
  const hint = offline ? t("problem.offlineHint") : problem?.hint;
  return (
    <Alert role="alert" color="red" variant="light" icon={<IconAlertTriangle size={18} aria-hidden />} title={title}>
      {!offline && <Text size="sm">{problem?.detail ?? (error instanceof Error ? error.message : String(error))}</Text>}
      {hint && (
        <Text size="sm" mt={4}>
          {hint}
        </Text>
      )}
      {problem?.request && (
        <Text size="xs" mt={4} className="dim">
          {t("problem.request", { id: problem.request })}
        </Text>
      )}
      {again && (
        <Button mt="sm" variant="default" onClick={again}>
          {t("problem.again")}
        </Button>
      )}
    </Alert>
  );
}
