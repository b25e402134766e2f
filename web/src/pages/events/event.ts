/** An event in canonical JSON (docs/format/event.md). What has a column of its own is named; the rest is reached by its path. */
export interface Event {
  eventId: string;
  eventTime: string;
  eventName: string;
  eventRW: string;
  eventType: string;
  serviceName: string;
  sourceIpAddress?: string;
  userAgent?: string;
  errorCode?: string;
  errorMessage?: string;
  resourceType?: string;
  resourceName?: string;
  userIdentity?: { type?: string; userName?: string; principalId?: string; accessKeyId?: string; trust?: string };
  [field: string]: unknown;
}

/** Every field and leaf of an event with its path, in the order of the event. Lists have the path of what holds them, as in queries. */
export function leavesOf(value: unknown, path = ""): { path: string; value: unknown }[] {
  if (Array.isArray(value)) return value.flatMap((v) => leavesOf(v, path));
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, v]) => leavesOf(v, path ? `${path}.${name}` : name));
  }
  return [{ path, value }];
}

/** The values at a path, as texts. A name may hold dots, so each part is tried with what follows it. */
export function valuesAt(event: unknown, path: string): string[] {
  if (Array.isArray(event)) return event.flatMap((e) => valuesAt(e, path));
  if (typeof event !== "object" || event === null) return [];
  return Object.entries(event).flatMap(([name, value]) => {
    if (name === path) return leavesOf(value).map((leaf) => textOf(leaf.value));
    return path.startsWith(`${name}.`) ? valuesAt(value, path.slice(name.length + 1)) : [];
  });
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Who acted, by the best name there is. */
export function actorOf(event: Event): string {
  const u = event.userIdentity;
  return u?.userName ?? u?.principalId ?? u?.accessKeyId ?? u?.type ?? "";
}
