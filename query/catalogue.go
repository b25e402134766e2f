package query

import "github.com/actiontrail/actiontrail/event"

// FieldInfo tells of a field what one needs to ask for it.
type FieldInfo struct {
	Name         string
	Kind         event.Kind
	Description  string
	Aggregatable bool // whether its values are worth counting; those of a Flattened field's leaves are, not its own
}

// Catalogue are all fields of an event, in canonical order. The slice is the caller's own.
func Catalogue() []FieldInfo {
	fields := event.Fields()
	out := make([]FieldInfo, len(fields))
	for i, f := range fields {
		out[i] = infoOf(f)
	}
	return out
}

func infoOf(f event.Field) FieldInfo {
	return FieldInfo{f.Name, f.Kind, descriptions[f.Name], f.Kind != event.Flattened && f.Kind != event.Prose}
}

// Describe finds a field, or the leaf of a body, by its name.
func Describe(name string) (FieldInfo, bool) {
	f, path, ok := event.Lookup(name)
	switch {
	case !ok || path == "" && name != f.Name:
		return FieldInfo{}, false
	case path != "":
		return FieldInfo{name, f.Kind, "part of " + f.Name, true}, true
	}
	return infoOf(f), true
}

// KindName is the word for a kind, as docs/format/query.md has it, in lower case.
func KindName(k event.Kind) string {
	return [...]string{event.Keyword: "keyword", event.IP: "ip", event.Timestamp: "timestamp", event.Number: "number",
		event.Boolean: "boolean", event.Flattened: "body", event.Prose: "text"}[k]
}

// descriptions of the fields are short: docs/format/event.md has all of it. It is never changed.
var descriptions = map[string]string{
	"eventId":              "id of the event",
	"eventCategory":        "Management, Data or Insight",
	"eventType":            "ApiCall, ConsoleOperation, ConsoleSignin, ConsoleSignout, ServiceEvent",
	"eventName":            "what was done: the API call or operation",
	"eventRW":              "Write or Read",
	"eventSource":          "host that served the call",
	"serviceName":          "the service, such as Ecs",
	"apiVersion":           "version of the API that was called",
	"eventTime":            "when it happened",
	"acsRegion":            "region",
	"isGlobal":             "whether the service has no regions",
	"sourceIpAddress":      "address of the client",
	"userAgent":            "program of the client",
	"vpcId":                "VPC the call came from",
	"requestId":            "id of the request",
	"requestParameters":    "inputs of the call",
	"requestParameterJson": "inputs of the call as one text",
	"responseElements":     "outputs of the call",
	"errorCode":            "cause of a failure",
	"errorMessage":         "the failure in words",
	"referencedResources":  "what was touched, by type",
	"resourceType":         "type of the main resource",
	"resourceName":         "name of the main resource",
	"recipientAccountId":   "account whose audit this is",
	"eventAttributes":      "marks of the event",
	"additionalEventData":  "what has no field of its own",

	"userIdentity.type":                         "kind of who acted, such as ram-user or api-key",
	"userIdentity.principalId":                  "stable id of who acted",
	"userIdentity.accountId":                    "account of who acted",
	"userIdentity.userName":                     "name of who acted",
	"userIdentity.accessKeyId":                  "key that signed",
	"userIdentity.sessionContext.attributes":    "of the session: mfaAuthenticated, creationDate, clientId, issuer",
	"userIdentity.sessionContext.sessionIssuer": "the role, or who else lent their rights",
	"userIdentity.trust":                        "verified, claimed or none: whether the identity was checked",
	"userIdentity.source":                       "field of the record that gave the identity",

	"origin.agent":        "agent that read the record",
	"origin.source":       "configured source of the record",
	"origin.epoch":        "epoch of the agent's spool",
	"origin.batch":        "number of the batch",
	"origin.index":        "place within the batch",
	"origin.file":         "file, topic or endpoint of the record",
	"origin.fileId":       "identity of the file",
	"origin.offset":       "place of the record in the file, in bytes",
	"origin.length":       "length of the record in bytes",
	"origin.observedTime": "when the agent read the record",
	"origin.mapper":       "mapper and route that named the action",

	"duplicateOf": "event with the same audit id and other content",
	"raw":         "the record itself",
}
