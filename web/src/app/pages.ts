import { IconFingerprint, IconHeartbeat, IconListSearch, IconRoute, IconServer2, IconSettings, IconShieldCheck } from "@tabler/icons-react";
import type { Key } from "../i18n/dictionary.ts";

/** The pages of the navigation, in its order; `key` goes there after g. */
export const pages = [
  { to: "/", label: "nav.events", icon: IconListSearch, key: "e" },
  { to: "/investigate", label: "nav.investigate", icon: IconFingerprint, key: "i" },
  { to: "/trails", label: "nav.trails", icon: IconRoute, key: "t" },
  { to: "/agents", label: "nav.agents", icon: IconServer2, key: "a" },
  { to: "/integrity", label: "nav.integrity", icon: IconShieldCheck, key: "y" },
  { to: "/status", label: "nav.status", icon: IconHeartbeat, key: "s" },
  { to: "/settings", label: "nav.settings", icon: IconSettings, key: "," },
] as const satisfies readonly { to: string; label: Key; icon: typeof IconRoute; key: string }[];
