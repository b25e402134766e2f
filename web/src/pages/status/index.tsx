import { Soon } from "../../ui/Soon.tsx";

export function Status() {
  return <Soon name="nav.status" />;
}
