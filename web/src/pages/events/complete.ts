import {
  acceptCompletion,
  closeCompletion,
  completionStatus,
  insertCompletionText,
  moveCompletionSelection,
  pickedCompletion,
  startCompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import type { EditorView, KeyBinding } from "@codemirror/view";
import { api, taken, type Schemas } from "../../api/client.ts";
import { pointsOf, unitsOf } from "../../kql/points.ts";

type Item = Schemas["QueryCompletionItem"];

/** Asks the server what fits at the cursor: it knows the fields and their values in the time range. */
export function completions(range: () => { from: string; to: string }) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const text = context.state.doc.toString();
    const asked = new AbortController();
    context.addEventListener("abort", () => asked.abort());
    const query = { query: text, at: pointsOf(text, context.pos), ...range() };
    let items: Item[];
    try {
      items = taken(await api.GET("/api/v1/query/complete", { params: { query }, signal: asked.signal })).items;
    } catch {
      return null; // nothing to suggest now; what is wrong with the query is told elsewhere
    }
    const first = items[0];
    if (!first) return null;
    // All of one answer stand at the same place, but for operators behind a whole word.
    const from = unitsOf(text, first.start);
    return { from, to: Math.max(from, unitsOf(text, first.end)), filter: false, options: items.filter((i) => i.start === first.start).map(option) };
  };
}

function option(item: Item): Completion {
  const count = item.count === undefined ? "" : String(item.count);
  return {
    label: item.label,
    detail: item.kind === "value" ? count : undefined,
    info: item.kind === "field" ? item.detail : undefined,
    type: item.kind,
    apply: (view, completion, from, to) => {
      // A field is nothing without what it is compared with, a word of the language without what follows: on to that.
      const after = item.kind === "field" && !/^\s*[:<>]/.test(view.state.sliceDoc(to)) ? ": " : item.kind === "keyword" ? " " : "";
      view.dispatch({ ...insertCompletionText(view.state, item.insert + after, from, to), annotations: pickedCompletion.of(completion) });
      if (item.kind !== "value") startCompletion(view);
    },
  };
}

/**
 * The keys of the suggestions. Tab takes the one that is marked. Enter does so
 * only for who has moved the mark: for anybody else it runs the query.
 */
export function suggestionKeys(): KeyBinding[] {
  let moved = "";
  const move = (forward: boolean) => (view: EditorView) => {
    if (completionStatus(view.state) !== "active") return false;
    moved = view.state.doc.toString();
    return moveCompletionSelection(forward)(view);
  };
  return [
    { key: "ArrowDown", run: move(true) },
    { key: "ArrowUp", run: move(false) },
    { key: "Enter", run: (view) => moved === view.state.doc.toString() && acceptCompletion(view) },
    // While suggestions are on their way Tab must not leave the query.
    { key: "Tab", run: (view) => acceptCompletion(view) || completionStatus(view.state) === "pending" },
    { key: "Escape", run: closeCompletion },
    { key: "Ctrl-Space", run: startCompletion },
    { key: "Alt-ArrowDown", run: startCompletion },
  ];
}
