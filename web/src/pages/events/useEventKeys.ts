import { useEffect, useRef } from "react";
import { typing } from "../../app/typing.ts";

export interface PageActs {
  refresh: () => void;
  reads: () => void;
  tail: () => void;
  undo: () => void;
}

interface Acts extends PageActs {
  step: (by: 1 | -1) => void;
  close: () => void;
}

/** The keys of this page. */
export function useEventKeys(acts: Acts): void {
  const now = useRef(acts);
  useEffect(() => {
    now.current = acts;
  });
  useEffect(() => {
    let going = false; // g was pressed: the next letter is a page's
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event) || document.querySelector("[role=dialog]")) return;
      const behindG = going;
      going = event.key === "g";
      if (behindG) return;
      const act = {
        "/": () => {
          event.preventDefault();
          document.querySelector<HTMLElement>("[data-query]")?.focus();
        },
        j: () => now.current.step(1),
        k: () => now.current.step(-1),
        ArrowDown: () => now.current.step(1),
        ArrowUp: () => now.current.step(-1),
        Escape: () => now.current.close(),
        r: () => now.current.refresh(),
        w: () => now.current.reads(),
        l: () => now.current.tail(),
        z: () => now.current.undo(),
        x: () => document.querySelector<HTMLElement>('[role="row"][aria-selected="true"] button[aria-expanded]')?.click(),
      }[event.key];
      act?.();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
