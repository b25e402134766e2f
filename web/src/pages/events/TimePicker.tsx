import { Button, NativeSelect, Popover, Tabs, TextInput, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCalendarTime, IconChevronDown } from "@tabler/icons-react";
import { memo, useState, type FormEvent } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { isTexts, useStored } from "../../settings/useStored.ts";
import { useFormat } from "../../time/useFormat.ts";
import { endOf, quickRanges, rangeName } from "./ranges.ts";
import classes from "./TimePicker.module.css";

interface Range {
  from: string;
  to: string;
}

interface Props {
  range: Range;
  onRange: (range: Range) => void;
  /** Seconds between searches; 0: none by itself. */
  every?: number;
  /** Absent where nothing is looked for by itself. */
  onEvery?: (seconds: number) => void;
}

const intervals = [0, 5, 10, 30, 60, 300] as const;
const none: string[] = [];

/** Chooses the time range: by one click, by typing both ends, or one of those before; and how often to look again. */
export const TimePicker = memo(function TimePicker({ range, onRange, every = 0, onEvery }: Props) {
  const t = useT();
  const format = useFormat();
  const [opened, { toggle, close }] = useDisclosure();
  const [recent, keep] = useStored("events.ranges", none, isTexts);
  const choose = (next: Range) => {
    const text = `${next.from} ${next.to}`;
    if (!quickRanges.some((r) => r.from === next.from && r.to === next.to)) keep([text, ...recent.filter((r) => r !== text)].slice(0, 8));
    onRange(next);
    close();
  };
  const old = recent.map((text) => text.split(" ")).map(([from = "", to = ""]) => ({ from, to }));
  const list = (ranges: readonly Range[]) => (
    <div className={classes.list}>
      {ranges.map((r) => (
        <UnstyledButton key={`${r.from} ${r.to}`} className={classes.range} data-chosen={(r.from === range.from && r.to === range.to) || undefined} onClick={() => choose(r)}>
          {rangeName(r, t, format.stamp)}
        </UnstyledButton>
      ))}
    </div>
  );
  return (
    <Popover opened={opened} onChange={(open) => !open && close()} position="bottom-end" width={360} trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          className={classes.button}
          onClick={toggle}
          aria-label={`${t("events.time")}: ${rangeName(range, t, format.stamp)}`}
          leftSection={<IconCalendarTime size={16} aria-hidden />}
          rightSection={<IconChevronDown size={14} aria-hidden />}
        >
          {rangeName(range, t, format.stamp)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t("events.time")}>
        <Tabs defaultValue="quick">
          <Tabs.List grow mb="sm">
            <Tabs.Tab value="quick">{t("events.timeQuick")}</Tabs.Tab>
            <Tabs.Tab value="absolute">{t("events.timeAbsolute")}</Tabs.Tab>
            <Tabs.Tab value="recent" disabled={old.length === 0}>
              {t("events.timeRecent")}
            </Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="quick">{list(quickRanges)}</Tabs.Panel>
          <Tabs.Panel value="absolute">
            <Absolute range={range} onRange={choose} />
          </Tabs.Panel>
          <Tabs.Panel value="recent">{list(old)}</Tabs.Panel>
        </Tabs>
        {onEvery && (
          <NativeSelect
            mt="sm"
            label={t("events.auto")}
            value={every}
            onChange={(e) => onEvery(Number(e.currentTarget.value))}
            data={intervals.map((n) => ({ value: String(n), label: n === 0 ? t("events.autoOff") : t("events.autoEvery", { what: n < 60 ? t("events.seconds", { n }) : n === 60 ? t("events.minute") : t("events.minutes", { n: n / 60 }) }) }))}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  );
});

function Absolute({ range, onRange }: { range: Range; onRange: (range: Range) => void }) {
  const t = useT();
  const format = useFormat();
  const shown = (end: string) => (/^\d{4}-/.test(end) ? format.time(new Date(end)) : end);
  const [from, setFrom] = useState(shown(range.from));
  const [to, setTo] = useState(shown(range.to));
  const [wrong, setWrong] = useState<{ from?: string; to?: string }>({});
  const [opened] = useState(() => new Date());
  const now = format.time(opened).slice(0, 16);
  const use = (event: FormEvent) => {
    event.preventDefault();
    const begin = endOf(from, format.parse);
    const end = endOf(to, format.parse);
    const bad = t("events.timeBad", { now });
    const backwards = begin && end && /^\d/.test(begin) && /^\d/.test(end) && Date.parse(end) <= Date.parse(begin);
    setWrong({ from: begin ? undefined : bad, to: end ? (backwards ? t("events.timeBackwards") : undefined) : bad });
    if (begin && end && !backwards) onRange({ from: begin, to: end });
  };
  return (
    <form onSubmit={use} className={classes.absolute}>
      <TextInput label={`${t("events.timeFrom")} (${t(`zone.${format.zone}`)})`} value={from} onChange={(e) => setFrom(e.currentTarget.value)} error={wrong.from} spellCheck={false} />
      <TextInput label={`${t("events.timeTo")} (${t(`zone.${format.zone}`)})`} description={t("events.timeHelp", { now })} value={to} onChange={(e) => setTo(e.currentTarget.value)} error={wrong.to} spellCheck={false} />
      <Button type="submit">{t("events.timeApply")}</Button>
    </form>
  );
}
