import { Soon } from "../../ui/Soon.tsx";

export function Integrity() {
  return <Soon name="nav.integrity" />;
}
