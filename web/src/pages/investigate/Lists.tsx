import { SimpleGrid } from "@mantine/core";
import type { Key } from "../../i18n/dictionary.ts";
import { useT } from "../../i18n/LanguageProvider.tsx";
import type { Asked, Range } from "./asking.ts";
import type { Kind } from "./subject.ts";
import { ValuesOf } from "./ValuesOf.tsx";

interface List {
  title: Key;
  field: string;
  /** What was not there in the period before is marked. */
  news?: boolean;
  none?: Key;
}

const actions: List = { title: "investigate.actions", field: "eventName" };
const services: List = { title: "investigate.services", field: "serviceName" };
const results: List = { title: "investigate.errors", field: "errorCode", none: "investigate.errorsNone" };
const places: List = { title: "investigate.places", field: "sourceIpAddress", news: true };
const actors: List = { title: "investigate.actors", field: "userIdentity.userName", news: true };
const keys: List = { title: "investigate.keys", field: "userIdentity.accessKeyId", news: true, none: "investigate.keysNone" };
const resources: List = { title: "investigate.resources", field: "resourceName" };

/** What is told of each kind, what matters most first. */
const lists: Record<Kind, readonly List[]> = {
  actor: [actions, places, services, keys, resources, results],
  key: [services, places, actions, actors, resources, results],
  ip: [actors, actions, services, keys, resources, results],
  resource: [actions, actors, places, keys, services, results],
};

/** The most frequent values of what goes with a subject. */
export function Lists({ kind, asked, past }: { kind: Kind; asked: Asked; past: Range | undefined }) {
  const t = useT();
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing={14}>
      {lists[kind].map(({ title, field, news, none }) => (
        <ValuesOf key={field} title={t(title)} field={field} asked={asked} past={news ? past : undefined} none={none && t(none)} />
      ))}
    </SimpleGrid>
  );
}
