import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import { IconHistory, IconSearch, IconX } from "@tabler/icons-react";
import { lazy, memo, Suspense, useEffect, useState, type KeyboardEvent } from "react";
import { useT } from "../../i18n/LanguageProvider.tsx";
import { Mistake } from "./Mistake.tsx";
import classes from "./QueryBar.module.css";
import { useCheck } from "./useCheck.ts";
import { useHistory } from "./useHistory.ts";

const Editor = lazy(() => import("./Editor.tsx"));

interface Props {
  query: string;
  range: { from: string; to: string };
  onRun: (query: string) => void;
}

/**
 * Where a query is typed: a plain input at once, and the editor with colours and
 * completion in its place as soon as that is loaded.
 */
export const QueryBar = memo(function QueryBar({ query, range, onRun }: Props) {
  const t = useT();
  const [text, setText] = useState(query);
  const [asked, setAsked] = useState(query);
  const [rich, setRich] = useState(false);
  const [focused, setFocused] = useState(false); // the plain input: the editor that comes takes it over
  const { history, remember } = useHistory();
  const check = useCheck(text);
  if (query !== asked) {
    setAsked(query); // the address has another one: Back, or a saved search
    setText(query);
  }
  useEffect(() => {
    // Behind the first paint, and behind what the page itself asks for.
    const wait = setTimeout(() => setRich(true), 300);
    return () => clearTimeout(wait);
  }, []);

  const run = (wanted: string) => {
    setText(wanted);
    remember(wanted.trim());
    onRun(wanted.trim());
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter") run(text);
  };
  const input = (
    <input
      className={classes.plain}
      value={text}
      onChange={(e) => setText(e.currentTarget.value)}
      onFocus={() => setFocused(true)}
      onBlur={() => setFocused(false)}
      onKeyDown={onKey}
      aria-label={t("events.query")}
      placeholder={t("events.queryHint")}
      spellCheck={false}
      autoComplete="off"
      data-query
    />
  );

  return (
    <div className={classes.bar}>
      <div className={classes.box} data-wrong={check?.error ? true : undefined}>
        <IconSearch size={17} className={classes.icon} aria-hidden />
        {rich ? (
          <Suspense fallback={input}>
            <Editor text={text} range={range} mistake={check?.error} focus={focused} label={t("events.query")} hint={t("events.queryHint")} onChange={setText} onRun={run} />
          </Suspense>
        ) : (
          input
        )}
        {text && (
          <Tooltip label={t("events.clear")}>
            <ActionIcon aria-label={t("events.clear")} onClick={() => run("")}>
              <IconX size={15} />
            </ActionIcon>
          </Tooltip>
        )}
        <Menu position="bottom-end" width={520}>
          <Menu.Target>
            <ActionIcon aria-label={t("events.history")}>
              <IconHistory size={17} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {history.length > 0 ? <Menu.Label>{t("events.history")}</Menu.Label> : <Menu.Item disabled>{t("events.historyNone")}</Menu.Item>}
            {history.map((old) => (
              <Menu.Item key={old} className={classes.old} onClick={() => run(old)}>
                <span className="mono">{old}</span>
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
        <Button className={classes.run} onClick={() => run(text)}>
          {t("events.run")}
        </Button>
      </div>
      {check && <Mistake text={text} check={check} />}
    </div>
  );
});
