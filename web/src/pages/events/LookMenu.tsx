import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconBaselineDensityMedium } from "@tabler/icons-react";
import { memo } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useRowLook } from "./rowLook.ts";

/** Chooses how rows look. */
export const LookMenu = memo(function LookMenu() {
  const t = useT();
  const { wrap, setWrap, dense, setDense } = useRowLook();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={t("events.view")}>
          <ActionIcon aria-label={t("events.view")}>
            <IconBaselineDensityMedium size={16} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.CheckboxItem checked={wrap} onChange={setWrap}>
          {t("events.viewWrap")}
        </Menu.CheckboxItem>
        <Menu.CheckboxItem checked={dense} onChange={setDense}>
          {t("events.viewDense")}
        </Menu.CheckboxItem>
      </Menu.Dropdown>
    </Menu>
  );
});
