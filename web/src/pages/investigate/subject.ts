import { condition } from "../../kql/write.ts";
import type { Event } from "../events/event.ts";

/** What can be looked into. */
export const kinds = ["actor", "key", "ip", "resource"] as const;
export type Kind = (typeof kinds)[number];

export interface Subject {
  kind: Kind;
  value: string;
}

/** The fields that name a subject; the first is the one whose values are offered. */
export const fieldsOf = {
  actor: ["userIdentity.userName", "userIdentity.principalId"],
  key: ["userIdentity.accessKeyId"],
  ip: ["sourceIpAddress"],
  resource: ["resourceName"],
} as const satisfies Record<Kind, readonly string[]>;

/** Finds all events of a subject. An actor is known by either of its names: not each record has both. */
export function queryOf(subject: Subject): string {
  return fieldsOf[subject.kind].map((field) => condition(field, subject.value)).join(" or ");
}

/** The kind of the value of a field, when it has a page of its own. */
export function kindOf(field: string): Kind | null {
  return kinds.find((kind) => (fieldsOf[kind] as readonly string[]).includes(field)) ?? null;
}

/** What a text looks like, before anybody was asked who has it: addresses and keys have a shape, names have none. */
export function shapeOf(text: string): Kind | null {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text) || (/^[\da-f]*:[\da-f:.]*$/i.test(text) && text.split(":").length > 2)) return "ip";
  if (/^(LTAI|STS\.|AKIA|ASIA|TMP\.)/.test(text)) return "key";
  return null;
}

/** Whom and what an event is about, as far as it tells. */
export function subjectsOf(event: Event): Subject[] {
  const u = event.userIdentity;
  const found: [Kind, string | undefined][] = [
    ["actor", u?.userName ?? u?.principalId],
    ["key", u?.accessKeyId],
    ["ip", event.sourceIpAddress],
    ["resource", event.resourceName],
  ];
  return found.flatMap(([kind, value]) => (value ? [{ kind, value }] : []));
}

const day = 86_400_000;

/** The time to look at from an event: the page's own range while the event is in it, else a week up to it and the day after. */
export function rangeAround(eventTime: string, now: number): { from?: string; to?: string } {
  const at = Date.parse(eventTime);
  if (Number.isNaN(at) || now - at < 6 * day) return {};
  return { from: new Date(at - 7 * day).toISOString(), to: new Date(at + day).toISOString() };
}
