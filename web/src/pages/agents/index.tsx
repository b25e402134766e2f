import { getRouteApi } from "@tanstack/react-router";
import { AgentDetail } from "./AgentDetail.tsx";
import { Fleet } from "./Fleet.tsx";

const route = getRouteApi("/agents");

/** Who reads the logs: the fleet, or one agent of it. */
export function Agents() {
  const { agent, account } = route.useSearch();
  return agent ? <AgentDetail agent={agent} account={account} /> : <Fleet />;
}
