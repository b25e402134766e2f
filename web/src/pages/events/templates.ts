import type { Key } from "../../i18n/dictionary.ts";
import type { EventsSearch } from "./address.ts";

/** Questions that auditors ask everywhere, to begin with and to be changed. */
export const templates: readonly { label: Key; search: EventsSearch }[] = [
  { label: "events.templateFailedSignins", search: { q: "eventType: ConsoleSignin and errorCode: *", from: "now-7d", by: "sourceIpAddress" } },
  {
    label: "events.templateNoMfa",
    search: { q: 'eventType: ConsoleSignin and not errorCode: * and (additionalEventData.mfaChecked: "false" or additionalEventData.isMFAChecked: "false")', from: "now-7d", by: "userIdentity.userName" },
  },
  { label: "events.templateRefused", search: { q: "errorCode: (*Denied* or Forbidden* or NoPermission* or Unauthorized*)", reads: "1", by: "userIdentity.userName" } },
  { label: "events.templateDeleted", search: { q: "eventName: (Delete* or Release* or Remove* or Terminate*)", from: "now-7d", by: "userIdentity.userName" } },
  { label: "events.templatePermissions", search: { q: "eventName: (*Policy* or *Role* or *User* or *Group*) and serviceName: (Ram or Iam or Sts or Ims)", from: "now-7d" } },
  { label: "events.templateKeys", search: { q: "eventName: *AccessKey*", from: "now-30d", by: "userIdentity.userName" } },
  { label: "events.templateAudit", search: { q: "eventName: (StopLogging or DeleteTrail or UpdateTrail or StopTrail or PutTrail) or serviceName: Actiontrail", from: "now-30d" } },
  { label: "events.templateClaimed", search: { q: "userIdentity.trust: claimed", by: "userIdentity.userName" } },
  { label: "events.templateByHand", search: { q: "eventType: ConsoleOperation", by: "userIdentity.userName" } },
];
