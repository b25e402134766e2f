import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useT } from "../i18n/LanguageProvider.tsx";
import { ProblemNote } from "./ProblemNote.tsx";

interface Props {
  title: string;
  /** What it means, and what it does not. */
  detail: string;
  act: string;
  danger?: boolean;
  pending: boolean;
  error: unknown;
  onAct: () => void;
  onClose: () => void;
}

/** Asks before something is done that others notice, and says what it means. */
export default function Confirm({ title, detail, act, danger = false, pending, error, onAct, onClose }: Props) {
  const t = useT();
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("close") }} centered>
      <Stack gap="md">
        <Text size="sm">{detail}</Text>
        {error !== null && error !== undefined && <ProblemNote error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button color={danger ? "red.8" : undefined} autoContrast={false} loading={pending} onClick={onAct} data-autofocus>
            {act}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
