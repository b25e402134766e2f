import { useCallback, useMemo, useSyncExternalStore } from "react";

const prefix = "actiontrail.";
const listeners = new Set<() => void>();
// Where storage is forbidden a choice holds until the page is loaded anew.
const memory = new Map<string, string>();

function read(name: string): string | null {
  try {
    return localStorage.getItem(prefix + name) ?? memory.get(name) ?? null;
  } catch {
    return memory.get(name) ?? null;
  }
}

function write(name: string, text: string): void {
  memory.set(name, text);
  try {
    localStorage.setItem(prefix + name, text);
  } catch {
    // memory has it
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener); // another tab changed it
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

/**
 * A choice of this browser's user, kept in its local storage and the same in all
 * components and tabs. What is kept there but does not pass the check, such as
 * that of an older version, counts as the fallback.
 */
export function useStored<T>(name: string, fallback: T, check: (value: unknown) => value is T): [T, (value: T) => void] {
  const text = useSyncExternalStore(subscribe, () => read(name));
  const value = useMemo(() => {
    if (text === null) return fallback;
    try {
      const parsed: unknown = JSON.parse(text);
      return check(parsed) ? parsed : fallback;
    } catch {
      return fallback;
    }
    // fallback may be made anew at each call; it only counts where nothing is kept.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [text, check]);
  const set = useCallback((next: T) => write(name, JSON.stringify(next)), [name]);
  return [value, set];
}

export const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
export const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((v) => typeof v === "string");
