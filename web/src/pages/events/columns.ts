import { useCallback, useMemo } from "react";
import { isTexts, useStored } from "../../settings/useStored.ts";
import { useAddress } from "./useAddress.ts";

/** Columns that show more than one field; any other name is a field or leaf. */
export const composed = { time: 194, actor: 116, action: 168, resource: 138, ip: 114, result: 94 } as const;
export type Composed = keyof typeof composed;

export function isComposed(name: string): name is Composed {
  return Object.hasOwn(composed, name);
}

/** The field by which a composed column is filtered and found in the list of fields. */
export const mainField: Record<Composed, string> = {
  time: "eventTime",
  actor: "userIdentity.userName",
  action: "eventName",
  resource: "resourceName",
  ip: "sourceIpAddress",
  result: "errorCode",
};

export const defaultColumns = Object.keys(composed);

/** The columns: those of the address, else those that this browser keeps. Whoever changes them keeps them. */
export function useColumns() {
  const [search, change] = useAddress();
  const [kept, keep] = useStored("events.columns", defaultColumns, isTexts);
  const columns = useMemo(() => search.cols?.split(",").filter(Boolean) ?? kept, [search.cols, kept]);
  const set = useCallback(
    (next: readonly string[]) => {
      const some = next.length > 0 ? [...next] : defaultColumns;
      keep(some);
      change({ cols: some.join(",") === defaultColumns.join(",") ? undefined : some.join(",") }, true);
    },
    [change, keep],
  );
  return { columns, set };
}

/** The columns with one moved by so many places. */
export function moved(columns: readonly string[], name: string, by: number): string[] {
  const at = columns.indexOf(name);
  const rest = columns.filter((c) => c !== name);
  rest.splice(Math.max(0, at + by), 0, name);
  return rest;
}
