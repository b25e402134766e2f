import { IconBox, IconKey, IconUser, IconWorldPin } from "@tabler/icons-react";
import type { Kind } from "./subject.ts";

/** How each kind is drawn. */
export const icons: Record<Kind, typeof IconUser> = { actor: IconUser, key: IconKey, ip: IconWorldPin, resource: IconBox };
