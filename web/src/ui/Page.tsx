import { Group, Text, Title } from "@mantine/core";
import { useEffect, type ReactNode } from "react";
import classes from "./Page.module.css";

/** The frame of a page that scrolls as a whole: its title, a line of what it is for, and what can be done. */
export function Page({ title, detail, actions, children }: { title: string; detail?: string; actions?: ReactNode; children: ReactNode }) {
  useTitle(title);
  return (
    <div className={classes.page}>
      <Group className={classes.head} justify="space-between" align="flex-end" wrap="wrap">
        <div>
          <Title order={1}>{title}</Title>
          {detail && <Text className="dim">{detail}</Text>}
        </div>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </div>
  );
}

/** Names the browser's tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · actiontrail`;
  }, [title]);
}
