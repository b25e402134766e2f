import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, type DecorationSet } from "@codemirror/view";

/** Says where the mistake of the query is; null: there is none. */
export const mark = StateEffect.define<{ from: number; to: number } | null>();

const wrong = Decoration.mark({ class: "cm-mistake" });

/** Underlines it, and moves with what is typed before it. */
export const marked = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, tr) {
    let next = marks.map(tr.changes);
    for (const effect of tr.effects) {
      if (effect.is(mark)) next = effect.value && effect.value.to > effect.value.from ? Decoration.set(wrong.range(effect.value.from, effect.value.to)) : Decoration.none;
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});
