import { Button, Modal, PasswordInput, Text } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { queries } from "../api/queries.ts";
import { setToken, token } from "../api/token.ts";
import { useT } from "../i18n/LanguageProvider.tsx";

/** Asks for a token when the server wants one, and asks the server again then. */
export function TokenDialog() {
  const t = useT();
  const [text, setText] = useState("");
  const use = (event: FormEvent) => {
    event.preventDefault();
    setToken(text.trim());
    setText("");
    void queries.resetQueries();
  };
  return (
    <Modal opened onClose={() => undefined} withCloseButton={false} title={t("token.title")} centered>
      <form onSubmit={use}>
        <Text mb="md">{t("token.detail")}</Text>
        <PasswordInput
          label={t("token.label")}
          description={t("token.kept")}
          error={token() && !text ? t("token.wrong") : undefined}
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
        <Button type="submit" mt="md" disabled={!text.trim()}>
          {t("token.use")}
        </Button>
      </form>
    </Modal>
  );
}
