import { isTexts, useStored } from "../../settings/useStored.ts";

const none: string[] = [];

/** The last queries of this browser, the newest first. */
export function useHistory() {
  const [history, keep] = useStored("events.history", none, isTexts);
  const remember = (query: string) => {
    if (query) keep([query, ...history.filter((q) => q !== query)].slice(0, 25));
  };
  return { history, remember };
}
