import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, taken } from "../../api/client.ts";

/** How the server understands what is typed: its parser is the authority, not the editor's. */
export function useCheck(text: string) {
  const [settled] = useDebouncedValue(text.trim() === "" ? "" : text, 200);
  const { data } = useQuery({
    queryKey: ["check", settled],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/query/check", { params: { query: { query: settled } }, signal })),
    enabled: settled !== "",
    placeholderData: keepPreviousData,
  });
  return settled === "" || text.trim() === "" ? undefined : data;
}
