import { Soon } from "../../ui/Soon.tsx";

export function Events() {
  return <Soon name="nav.events" />;
}
