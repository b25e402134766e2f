import { Soon } from "../../ui/Soon.tsx";

export function Agents() {
  return <Soon name="nav.agents" />;
}
