import { QueryClient } from "@tanstack/react-query";
import { Problem } from "./problem.ts";

/** What was asked lately. A call is tried again only when it may do better then. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < 2 && error instanceof Problem && error.passing,
      refetchOnWindowFocus: false,
      staleTime: 30_000,
    },
  },
});
