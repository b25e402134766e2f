import { Soon } from "../../ui/Soon.tsx";

export function Investigate() {
  return <Soon name="nav.investigate" />;
}
