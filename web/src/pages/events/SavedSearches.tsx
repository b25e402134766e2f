import { ActionIcon, Button, Checkbox, Group, Popover, Stack, Text, TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBookmark, IconTrash, IconUsers } from "@tabler/icons-react";
import { memo, useState, type FormEvent } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { ProblemNote } from "../../ui/ProblemNote.tsx";
import type { EventsSearch } from "./address.ts";
import lines from "./Line.module.css";
import { useSaved, withPinned } from "./saved.ts";
import classes from "./SavedSearches.module.css";
import { templates } from "./templates.ts";
import { useAddress } from "./useAddress.ts";

const nothing: EventsSearch = { q: undefined, from: undefined, to: undefined, f: undefined, reads: undefined, by: undefined, cols: undefined, sort: undefined, event: undefined };

/** Searches under a name: opened by a click, kept in this browser or on the server, and some to begin with. */
export const SavedSearches = memo(function SavedSearches() {
  const t = useT();
  const [search, change] = useAddress();
  const { all, save, forget } = useSaved();
  const [opened, { toggle, close }] = useDisclosure();
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const use = (wanted: EventsSearch) => {
    change({ ...nothing, ...withPinned(wanted, search) });
    close();
  };
  const keep = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ name: name.trim(), search, shared }, { onSuccess: () => setName("") });
  };
  return (
    <Popover opened={opened} onChange={(open) => !open && close()} width={340} position="bottom-end" trapFocus>
      <Popover.Target>
        <Tooltip label={t("events.saved")}>
          <ActionIcon size={38} variant="default" aria-label={t("events.saved")} onClick={toggle}>
            <IconBookmark size={17} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label={t("events.saved")}>
        <Stack gap="sm">
          <div className={classes.lists} role="group" aria-label={t("events.saved")}>
            {all.length === 0 && (
              <Text size="sm" className="dim">
                {t("events.savedNone")}
              </Text>
            )}
            {all.map((s) => (
              <div key={`${s.shared} ${s.name}`} className={lines.line}>
                <UnstyledButton
                  className={`${lines.name} ${classes.name}`}
                  onClick={() => use(s.search)}
                >
                  {s.name}
                  {s.shared && <IconUsers size={14} className="dim" aria-label={t("events.savedShared")} />}
                </UnstyledButton>
                <ActionIcon size="sm" aria-label={t("events.savedDelete", { name: s.name })} onClick={() => forget.mutate(s)}>
                  <IconTrash size={14} />
                </ActionIcon>
              </div>
            ))}
            <h3 className={classes.title}>{t("events.templates")}</h3>
            {templates.map(({ label, search: wanted }) => (
              <div key={label} className={lines.line}>
                <UnstyledButton className={`${lines.name} ${classes.name}`} onClick={() => use(wanted)}>
                  {t(label)}
                </UnstyledButton>
              </div>
            ))}
          </div>
          {(save.error ?? forget.error) && <ProblemNote error={save.error ?? forget.error} />}
          <form onSubmit={keep}>
            <Group gap="xs" align="flex-end">
              <TextInput flex={1} size="xs" label={t("events.savedName")} value={name} maxLength={100} onChange={(e) => setName(e.currentTarget.value)} />
              <Button type="submit" disabled={!name.trim() || name.includes("/")} loading={save.isPending}>
                {t("events.savedKeep")}
              </Button>
            </Group>
            <Checkbox mt="xs" size="xs" label={t("events.savedShared")} checked={shared} onChange={(e) => setShared(e.currentTarget.checked)} />
          </form>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
});
