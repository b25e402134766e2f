import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconClockPin, IconLink, IconLinkPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { memo } from "react";
import { api, taken } from "../../api/client.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { notify } from "../../ui/notify.ts";
import type { EventsSearch } from "./address.ts";
import { addressOf } from "./saved.ts";

interface Props {
  search: EventsSearch;
  columns: readonly string[];
  /** The instants that are on screen; absent as long as nothing is. */
  instants: { from: string; to: string } | undefined;
}

/** Copies where this is: in full, under a short name, or for just these instants whenever it is opened. */
export const ShareMenu = memo(function ShareMenu({ search, columns, instants }: Props) {
  const t = useT();
  const [opened, { open, close }] = useDisclosure();
  const copy = async (link: string) => {
    // A page that did not come over TLS has no clipboard; there the link is told, to be copied by hand.
    const copied = await navigator.clipboard?.writeText(link).then(
      () => true,
      () => false,
    );
    notify(link, t(copied ? "copied" : "events.shareHere"));
  };
  const shorten = useMutation({
    mutationFn: async (address: string) => taken(await api.POST("/api/v1/links", { body: { address } })).name,
    onSuccess: (name) => copy(`${location.origin}/s/${name}`),
    // The whole address does as well.
    onError: (error, address) => {
      notify(error.message, t("events.shareNot"));
      return copy(location.origin + address);
    },
  });
  const here = addressOf(search, columns);
  return (
    <Menu opened={opened} onChange={(wanted) => (wanted ? open() : close())} position="bottom-end">
      <Menu.Target>
        <Tooltip label={t("events.share")}>
          <ActionIcon size={38} variant="default" aria-label={t("events.share")} loading={shorten.isPending}>
            <IconLink size={17} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconLinkPlus size={15} />} onClick={() => shorten.mutate(here)}>
          {t("events.shareShort")}
        </Menu.Item>
        <Menu.Item leftSection={<IconClockPin size={15} />} disabled={!instants} onClick={() => instants && shorten.mutate(addressOf({ ...search, ...instants }, columns))}>
          {t("events.shareInstants")}
        </Menu.Item>
        <Menu.Item leftSection={<IconLink size={15} />} onClick={() => void copy(location.origin + here)}>
          {t("events.shareWhole")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
});
