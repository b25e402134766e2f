import { useSyncExternalStore } from "react";

const key = "actiontrail-token";
const listeners = new Set<() => void>();
let needed = false;

/** The bearer token of this tab; it goes with the tab, not with the browser. */
export function token(): string | null {
  return sessionStorage.getItem(key);
}

/** Called when the server wants a token, or another one. */
export function needToken(): void {
  needed = true;
  for (const listener of listeners) listener();
}

export function setToken(text: string): void {
  sessionStorage.setItem(key, text);
  needed = false;
  for (const listener of listeners) listener();
}

/** Whether a token is to be asked for. */
export function useTokenNeeded(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => needed,
  );
}
