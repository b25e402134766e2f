import { autocompletion, closeCompletion } from "@codemirror/autocomplete";
import { history, historyKeymap, standardKeymap } from "@codemirror/commands";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { useEffect, useRef } from "react";
import type { Schemas } from "../../api/client.ts";
import { nonce } from "../../app/nonce.ts";
import { unitsOf } from "../../kql/points.ts";
import { completions, suggestionKeys } from "./complete.ts";
import { language, look } from "./editorLook.ts";
import { mark, marked } from "./editorMark.ts";
import classes from "./QueryBar.module.css";

interface Props {
  text: string;
  range: { from: string; to: string };
  mistake: Schemas["QueryMistake"] | undefined;
  focus: boolean;
  label: string;
  hint: string;
  onChange: (text: string) => void;
  onRun: (text: string) => void;
}

/** The query in colours, with completion by the server. One line: what is pasted with line breaks gets spaces. */
export default function Editor({ text, range, mistake, focus, label, hint, onChange, onRun }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const told = useRef({ range, onChange, onRun });
  const words = useRef(new Compartment());
  useEffect(() => {
    told.current = { range, onChange, onRun };
  });

  useEffect(() => {
    if (!box.current) return;
    const made = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: text,
        selection: { anchor: text.length },
        extensions: [
          EditorView.cspNonce.of(nonce),
          history(),
          autocompletion({ override: [completions(() => told.current.range)], icons: false, defaultKeymap: false, activateOnTypingDelay: 80, interactionDelay: 0 }),
          keymap.of([
            ...suggestionKeys(),
            {
              key: "Enter",
              run: (e) => {
                closeCompletion(e);
                told.current.onRun(e.state.doc.toString());
                return true;
              },
            },
            ...standardKeymap,
            ...historyKeymap,
          ]),
          oneLine,
          marked,
          language,
          look,
          words.current.of([placeholder(hint), EditorView.contentAttributes.of({ "aria-label": label, "data-query": "" })]),
          EditorView.updateListener.of((u) => {
            if (u.docChanged) told.current.onChange(u.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    if (focus) made.focus();
    return () => made.destroy();
    // Made once; what changes later is told to it below.
    // oxlint-disable-next-line react/exhaustive-deps
  }, []);

  useEffect(() => {
    const v = view.current;
    if (v && v.state.doc.toString() !== text) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: text }, selection: { anchor: text.length } });
  }, [text]);
  useEffect(() => {
    view.current?.dispatch({ effects: words.current.reconfigure([placeholder(hint), EditorView.contentAttributes.of({ "aria-label": label, "data-query": "" })]) });
  }, [hint, label]);
  useEffect(() => {
    const v = view.current;
    if (!v) return;
    const doc = v.state.doc.toString();
    const from = Math.min(unitsOf(doc, mistake?.position ?? doc.length), doc.length);
    // A mistake at the end, where something is missing, is shown under the character before.
    const at = from === doc.length ? Math.max(0, from - 1) : from;
    const to = Math.min(doc.length, Math.max(at + 1, unitsOf(doc, (mistake?.position ?? 0) + (mistake?.length ?? 1))));
    v.dispatch({ effects: mark.of(mistake && doc ? { from: at, to } : null) });
  }, [mistake, text]);

  return <div ref={box} className={classes.editor} />;
}

const oneLine = EditorState.transactionFilter.of((tr) => {
  if (!tr.docChanged || tr.newDoc.lines === 1) return tr;
  const whole = tr.newDoc.toString().replaceAll(/\s*\n\s*/g, " ");
  return [{ changes: { from: 0, to: tr.startState.doc.length, insert: whole }, selection: { anchor: Math.min(tr.newSelection.main.head, whole.length) } }];
});
