import { Soon } from "../../ui/Soon.tsx";

export function Trails() {
  return <Soon name="nav.trails" />;
}
