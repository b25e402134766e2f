import { Menu, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowLeft, IconArrowRight, IconArrowUp, IconRestore, IconX } from "@tabler/icons-react";
import { useRef, type DragEvent, type KeyboardEvent, type PointerEvent } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { useFormat } from "../../time/useFormat.ts";
import { defaultColumns, isComposed, moved, useColumns } from "./columns.ts";
import classes from "./ColumnHead.module.css";
import { useAddress } from "./useAddress.ts";
import { narrowest, widest } from "./widths.ts";

/** What a column is called. */
export function useColumnName(): (column: string) => string {
  const t = useT();
  const { zone } = useFormat();
  return (column) => (isComposed(column) ? t(`events.column.${column}`, { zone: t(`zone.${zone}`) }) : column);
}

interface Props {
  column: string;
  /** Its place among all, from 0. */
  index: number;
  /** Where it stands in the grid, unless behind the one before it. */
  track: number | undefined;
  columns: readonly string[];
  width: number;
  onWidth: (width: number) => void;
  onHold: (column: string) => void;
}

const dragged = "text/actiontrail-column";

/** The head of a column: a menu behind its name, its edge to draw, and it can be dragged to another place. */
export function ColumnHead({ column, index, track, columns, width, onWidth, onHold }: Props) {
  const t = useT();
  const name = useColumnName()(column);
  const { set } = useColumns();
  const [search, change] = useAddress();
  const from = useRef<{ x: number; width: number } | null>(null);

  const grab = (event: PointerEvent) => {
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = { x: event.clientX, width };
  };
  const draw = (event: PointerEvent) => {
    if (from.current) onWidth(from.current.width + event.clientX - from.current.x);
  };
  const drop = (event: DragEvent) => {
    const other = event.dataTransfer.getData(dragged);
    if (!columns.includes(other) || other === column) return;
    event.preventDefault();
    set(moved(columns, other, index - columns.indexOf(other)));
  };
  const key = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    onWidth(width + step);
  };

  return (
    <div
      role="columnheader"
      aria-colindex={index + 1}
      className={classes.head}
      style={track ? { gridColumnStart: track } : undefined}
      onFocus={() => onHold(column)}
      aria-sort={column === "time" ? (search.sort === "asc" ? "ascending" : "descending") : undefined}
      onDragOver={(e) => e.dataTransfer.types.includes(dragged) && e.preventDefault()}
      onDrop={drop}
    >
      <Menu position="bottom-start">
        <Menu.Target>
          <UnstyledButton className={classes.name} draggable onDragStart={(e) => e.dataTransfer.setData(dragged, column)} aria-label={t("events.columnMenu", { name })} onKeyDown={(e) => e.stopPropagation()}>
            <span>{name}</span>
            {column === "time" && (search.sort === "asc" ? <IconArrowUp size={13} aria-hidden /> : <IconArrowDown size={13} aria-hidden />)}
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          {column === "time" && (
            <>
              <Menu.Item leftSection={<IconArrowDown size={15} />} onClick={() => change({ sort: undefined })}>
                {t("events.newest")}
              </Menu.Item>
              <Menu.Item leftSection={<IconArrowUp size={15} />} onClick={() => change({ sort: "asc" })}>
                {t("events.oldest")}
              </Menu.Item>
              <Menu.Divider />
            </>
          )}
          <Menu.Item leftSection={<IconArrowLeft size={15} />} disabled={index === 0} onClick={() => set(moved(columns, column, -1))}>
            {t("events.columnLeft")}
          </Menu.Item>
          <Menu.Item leftSection={<IconArrowRight size={15} />} disabled={index === columns.length - 1} onClick={() => set(moved(columns, column, 1))}>
            {t("events.columnRight")}
          </Menu.Item>
          <Menu.Item leftSection={<IconX size={15} />} disabled={columns.length === 1} onClick={() => set(columns.filter((c) => c !== column))}>
            {t("events.columnHide")}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<IconRestore size={15} />} onClick={() => set(defaultColumns)}>
            {t("events.columnsReset")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <div
        className={classes.edge}
        role="separator"
        aria-orientation="vertical"
        aria-label={t("events.columnSize", { name })}
        aria-valuenow={width}
        aria-valuemin={narrowest}
        aria-valuemax={widest}
        tabIndex={0}
        onPointerDown={grab}
        onPointerMove={draw}
        onPointerUp={() => (from.current = null)}
        onKeyDown={key}
      />
    </div>
  );
}
