import { Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./EmptyNote.module.css";

/** Stands where there is nothing yet, and tells what to do: never a blank page. `whole`: it is all there is on the page. */
export function EmptyNote({ icon, title, detail, children, whole = false }: { icon: ReactNode; title: string; detail?: ReactNode; children?: ReactNode; whole?: boolean }) {
  return (
    <Stack className={classes.note} align="center" gap="xs">
      <div className={classes.icon} aria-hidden>
        {icon}
      </div>
      <Title order={whole ? 1 : 2}>{title}</Title>
      {detail && (
        <Text className="dim" maw={480} ta="center">
          {detail}
        </Text>
      )}
      {children}
    </Stack>
  );
}
