package render

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// recordVersion is the version of CloudTrail's record that is written.
const recordVersion = "1.11"

// ours is the member of additionalEventData that has what a record has no place for.
const ours = "actiontrail"

// CloudTrail appends the event as a record of a CloudTrail log file. Nothing is
// lost: what a record has no place for stands in additionalEventData.actiontrail.
func CloudTrail(b []byte, e *event.Event) []byte {
	w := writer{append(b, '{')}
	w.text("eventVersion", recordVersion)
	w.identity(&e.Identity)
	w.text("eventTime", wholeSeconds(e.Time))
	w.text("eventSource", either(e.Source, e.Service))
	w.text("eventName", e.Name)
	w.text("awsRegion", e.Region)
	w.text("sourceIPAddress", e.SourceIP)
	w.text("userAgent", e.UserAgent)
	w.known("errorCode", e.ErrorCode)
	w.known("errorMessage", e.ErrorMessage)
	w.object("requestParameters", e.RequestParameters)
	w.object("responseElements", responseElements(e))
	additional, lifted := additionalEventData(e)
	w.key("additionalEventData")
	w.b = append(w.b, additional...)
	w.known("requestID", e.RequestID)
	w.text("eventID", e.ID)
	w.boolean("readOnly", e.RW == event.Read)
	w.resources(e)
	w.text("eventType", theirs(recordTypes, e.Type))
	w.known("apiVersion", e.APIVersion)
	w.boolean("managementEvent", e.Category == event.CategoryManagement || e.Category == "")
	w.text("recipientAccountId", e.RecipientAccountID)
	w.known("eventCategory", e.Category)
	for _, name := range slices.Sorted(maps.Keys(lifted)) {
		w.any(name, lifted[name])
	}
	return append(w.b, '}')
}

// recordTypes and identityTypes are our words and theirs; others are the same in both. Never changed.
var (
	recordTypes = map[string]string{
		event.TypeAPICall: "AwsApiCall", event.TypeConsoleOperation: "AwsConsoleAction", event.TypeConsoleSignin: "AwsConsoleSignIn",
		event.TypeServiceEvent: "AwsServiceEvent", serviceEvent: "AwsServiceEvent",
	}
	identityTypes = map[string]string{
		"root-account": "Root", "ram-user": "IAMUser", "assumed-role": "AssumedRole", "system": "AWSService", "role": "Role", "federated-user": "FederatedUser",
		"aws-account": "AWSAccount", "saml-user": "SAMLUser", "web-identity-user": "WebIdentityUser", "identity-center-user": "IdentityCenterUser",
		"directory": "Directory", "unknown": "Unknown",
	}
)

// recordOnly are members of a record that an event keeps among its further data: they go back to their place. Never changed.
var recordOnly = []string{"addendum", "edgeDeviceDetails", "eventContext", "insightDetails", "serviceEventDetails", "sessionCredentialFromConsole", "sharedEventID", "tlsDetails", "vpcEndpointAccountId", "vpcEndpointId"}

// recordMembers are those that CloudTrail writes itself. Never changed.
var recordMembers = []string{"eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "errorCode",
	"errorMessage", "requestParameters", "responseElements", "additionalEventData", "requestID", "eventID", "readOnly", "resources", "eventType", "apiVersion",
	"managementEvent", "recipientAccountId", "eventCategory"}

func theirs(words map[string]string, word string) string {
	if w, ok := words[word]; ok {
		return w
	}
	return word
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func wholeSeconds(t event.Time) string {
	if t.IsZero() {
		return ""
	}
	return event.Unix(t.Nanos, 0).String()
}

// responseElements of a sign-in say whether it was one.
func responseElements(e *event.Event) event.Object {
	if e.Type != event.TypeConsoleSignin {
		return e.ResponseElements
	}
	m := e.ResponseElements.Map()
	if m == nil {
		m = map[string]any{}
	}
	if _, there := m["ConsoleLogin"]; !there {
		m["ConsoleLogin"] = "Success"
		if e.ErrorCode != "" {
			m["ConsoleLogin"] = "Failure"
		}
	}
	return object(m)
}

// additionalEventData is that of the record, and what becomes a member of the record itself.
func additionalEventData(e *event.Event) (text event.Object, lifted map[string]any) {
	given := e.Additional
	if e.Exchange.Status != 0 {
		given = e.Exchange.Object()
	}
	own := rest(e)
	lifted = map[string]any{}
	if e.Extra != "" {
		for name, v := range e.Extra.Map() {
			if slices.Contains(recordMembers, name) {
				own[name] = v // it only looks like one of theirs
			} else {
				lifted[name] = v
			}
		}
	}
	if e.Type != event.TypeConsoleSignin && !strings.Contains(string(given), `"`+ours+`"`) && !slices.ContainsFunc(recordOnly, func(name string) bool { return strings.Contains(string(given), name) }) {
		// As most are: our member comes after the others, which need not be decoded.
		tail := `"` + ours + `":` + string(object(own)) + `}`
		if given == "" {
			return event.Object("{" + tail), lifted
		}
		return given[:len(given)-1] + event.Object(","+tail), lifted
	}
	m := given.Map()
	if m == nil {
		m = map[string]any{}
	}
	for _, name := range recordOnly {
		if v, there := m[name]; there && lifted[name] == nil {
			lifted[name] = v
			delete(m, name)
		}
	}
	if e.Type == event.TypeConsoleSignin && m["MFAUsed"] == nil {
		for _, name := range []string{"isMFAChecked", "mfaChecked"} {
			switch m[name] {
			case "true":
				m["MFAUsed"] = "Yes"
			case "false":
				m["MFAUsed"] = "No"
			}
		}
	}
	if v, there := m[ours]; there {
		own[ours] = v
	}
	m[ours] = own
	return object(m), lifted
}

// rest are the fields that a record has no place for, by their own names.
func rest(e *event.Event) map[string]any {
	m := map[string]any{}
	for name, v := range map[string]string{"serviceName": e.Service, "vpcId": e.VPCID, "requestParameterJson": e.RequestParameterJSON, "resourceType": e.ResourceType,
		"resourceName": e.ResourceName, "trust": e.Identity.Trust, "source": e.Identity.Source, "duplicateOf": e.DuplicateOf, "raw": e.Raw} {
		if v != "" {
			m[name] = v
		}
	}
	if e.Time.Digits > 0 {
		m["eventTime"] = e.Time.String()
	}
	if e.RW != event.Read && e.RW != event.Write {
		m["eventRW"] = e.RW // readOnly is a guess then
	}
	if e.Global {
		m["isGlobal"] = true
	}
	if e.Attributes != "" {
		m["eventAttributes"] = e.Attributes.Map()
	}
	if e.Origin != (event.Origin{}) {
		alone := event.Event{Origin: e.Origin}
		m["origin"] = decoded(alone.AppendJSON(nil))["origin"]
	}
	return m
}

// decoded is a JSON object that was written here.
func decoded(text []byte) map[string]any { return event.Object(text).Map() }

// object is the text of what came from JSON, which can always be written.
func object(m map[string]any) event.Object {
	if len(m) == 0 {
		return "{}"
	}
	o, err := event.NewObject(m)
	if err != nil { // nested deeper than an event may be, by the member that is ours
		b, err := json.Marshal(m)
		if err != nil {
			return "{}"
		}
		return event.Object(b)
	}
	return o
}

// identity writes userIdentity without what only we know of it.
func (w *writer) identity(u *event.Identity) {
	w.key("userIdentity")
	if *u == (event.Identity{}) {
		w.b = append(w.b, "null"...)
		return
	}
	w.b = append(w.b, '{')
	w.known("type", theirs(identityTypes, u.Type))
	w.known("principalId", u.PrincipalID)
	w.known("accountId", u.AccountID)
	w.known("accessKeyId", u.AccessKeyID)
	w.known("userName", u.UserName)
	if u.SessionIssuer != "" || u.SessionAttributes != "" {
		w.key("sessionContext")
		w.b = append(w.b, '{')
		if u.SessionIssuer != "" {
			w.object("sessionIssuer", u.SessionIssuer)
		}
		if u.SessionAttributes != "" {
			w.object("attributes", u.SessionAttributes)
		}
		w.b = append(w.b, '}')
	}
	if further := u.Extra; further != "" {
		if w.b[len(w.b)-1] != '{' {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, further[1:len(further)-1]...)
	}
	w.b = append(w.b, '}')
}

// resource is something that was touched.
type resource struct{ kind, name string }

// resources are all that the event names.
func resources(e *event.Event) []resource {
	var all []resource
	e.ReferencedResources.Leaves(func(kind, name string) { all = append(all, resource{kind, name}) })
	if main := (resource{e.ResourceType, e.ResourceName}); main.name != "" && !slices.Contains(all, main) {
		all = append(all, main)
	}
	return all
}

// resources writes what was touched: names stand for ARNs.
func (w *writer) resources(e *event.Event) {
	all := resources(e)
	if len(all) == 0 {
		return
	}
	w.key("resources")
	w.b = append(w.b, '[')
	for i, r := range all {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, '{')
		w.text("ARN", r.name)
		w.known("type", r.kind)
		w.b = append(w.b, '}')
	}
	w.b = append(w.b, ']')
}
