import { HighlightStyle, LanguageSupport, LRLanguage, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { styleTags, tags } from "@lezer/highlight";
import { parser } from "../../kql/kql.grammar";

const kql = LRLanguage.define({
  name: "kql",
  parser: parser.configure({
    props: [styleTags({ "FieldName/...": tags.propertyName, QuotedString: tags.string, "And Or Not": tags.logicOperator, RangeOp: tags.compareOperator })],
  }),
});

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--at-accent)" },
  { tag: tags.string, color: "var(--at-good)" },
  { tag: tags.logicOperator, color: "var(--at-warn)", fontWeight: "600" },
  { tag: tags.compareOperator, color: "var(--at-warn)" },
]);

export const language = [new LanguageSupport(kql), syntaxHighlighting(colours)];

/** The editor in our look: a line in a box, its suggestions like any other menu. */
export const look = EditorView.theme({
  "&": { backgroundColor: "transparent", color: "inherit" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "36px", scrollbarWidth: "none" },
  ".cm-content": { padding: "0", caretColor: "var(--at-ink)" },
  ".cm-line": { padding: "0" },
  ".cm-placeholder": { color: "var(--at-dim)" },
  ".cm-cursor": { borderLeftColor: "var(--at-ink)" },
  ".cm-mistake": { textDecoration: "underline wavy var(--at-bad) 1.5px", textUnderlineOffset: "4px", backgroundColor: "var(--at-bad-soft)" },
  ".cm-tooltip": { border: "1px solid var(--at-line)", borderRadius: "9px", backgroundColor: "var(--at-surface)", color: "var(--at-ink)", boxShadow: "0 6px 24px rgb(0 0 0 / 16%)", overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mantine-font-family-monospace)", maxHeight: "320px", padding: "4px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { display: "flex", gap: "24px", padding: "5px 9px", borderRadius: "6px", lineHeight: "1.4" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--at-chosen)", color: "var(--at-ink)" },
  ".cm-completionDetail": { marginLeft: "auto", color: "var(--at-dim)", fontStyle: "normal" },
  ".cm-completionInfo": { padding: "7px 11px", maxWidth: "300px", fontSize: "12px" },
});
