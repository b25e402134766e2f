package event

import (
	"slices"
	"strconv"
	"strings"
)

// Kind is the type of a field, which decides what the operators of a query mean on it.
type Kind uint8

const (
	Keyword   Kind = iota // exact and case-sensitive
	IP                    // an address, matched exactly or by CIDR; other text as a keyword
	Timestamp             // an instant; ranges and date math
	Number                // a whole number
	Boolean               // true or false
	Flattened             // a JSON object: its leaves are fields of their own, keywords, named by their path
	Prose                 // words for people: searched by token
)

// Field is one field of the event, by its canonical name.
type Field struct {
	Name  string // "userIdentity.userName"
	Kind  Kind
	Value func(*Event) string // as it stands in canonical JSON, without quotes; "" = absent
}

// Fields are all fields of the event, in canonical order. The slice is the caller's own.
func Fields() []Field { return slices.Clone(fields) }

// Lookup finds a field by its canonical name. The leaf of a Flattened field
// ("requestParameters.InstanceId") is found as that field and the path within it.
func Lookup(name string) (f Field, path string, ok bool) {
	for _, f := range fields {
		if f.Name == name {
			return f, "", true
		}
		if f.Kind == Flattened && strings.HasPrefix(name, f.Name) && name[len(f.Name)] == '.' {
			return f, name[len(f.Name)+1:], true
		}
	}
	return Field{}, "", false
}

// fields is never changed.
var fields = []Field{
	{"eventId", Keyword, func(e *Event) string { return e.ID }},
	{"eventCategory", Keyword, func(e *Event) string { return e.Category }},
	{"eventType", Keyword, func(e *Event) string { return e.Type }},
	{"eventName", Keyword, func(e *Event) string { return e.Name }},
	{"eventRW", Keyword, func(e *Event) string { return e.RW }},
	{"eventSource", Keyword, func(e *Event) string { return e.Source }},
	{"serviceName", Keyword, func(e *Event) string { return e.Service }},
	{"apiVersion", Keyword, func(e *Event) string { return e.APIVersion }},
	{"eventTime", Timestamp, func(e *Event) string { return e.Time.String() }},
	{"acsRegion", Keyword, func(e *Event) string { return e.Region }},
	{"isGlobal", Boolean, func(e *Event) string { return onlyTrue(e.Global) }},
	{"sourceIpAddress", IP, func(e *Event) string { return e.SourceIP }},
	{"userAgent", Keyword, func(e *Event) string { return e.UserAgent }},
	{"vpcId", Keyword, func(e *Event) string { return e.VPCID }},
	{"requestId", Keyword, func(e *Event) string { return e.RequestID }},
	{"requestParameters", Flattened, func(e *Event) string { return string(e.RequestParameters) }},
	{"requestParameterJson", Prose, func(e *Event) string { return e.RequestParameterJSON }},
	{"responseElements", Flattened, func(e *Event) string { return string(e.ResponseElements) }},
	{"errorCode", Keyword, func(e *Event) string { return e.ErrorCode }},
	{"errorMessage", Prose, func(e *Event) string { return e.ErrorMessage }},
	{"referencedResources", Flattened, func(e *Event) string { return string(e.ReferencedResources) }},
	{"resourceType", Keyword, func(e *Event) string { return e.ResourceType }},
	{"resourceName", Keyword, func(e *Event) string { return e.ResourceName }},
	{"recipientAccountId", Keyword, func(e *Event) string { return e.RecipientAccountID }},
	{"eventAttributes", Flattened, func(e *Event) string { return string(e.Attributes) }},
	{"additionalEventData", Flattened, func(e *Event) string { return string(e.additional()) }},
	{"userIdentity.type", Keyword, func(e *Event) string { return e.Identity.Type }},
	{"userIdentity.principalId", Keyword, func(e *Event) string { return e.Identity.PrincipalID }},
	{"userIdentity.accountId", Keyword, func(e *Event) string { return e.Identity.AccountID }},
	{"userIdentity.userName", Keyword, func(e *Event) string { return e.Identity.UserName }},
	{"userIdentity.accessKeyId", Keyword, func(e *Event) string { return e.Identity.AccessKeyID }},
	{"userIdentity.sessionContext.attributes", Flattened, func(e *Event) string { return string(e.Identity.SessionAttributes) }},
	{"userIdentity.sessionContext.sessionIssuer", Flattened, func(e *Event) string { return string(e.Identity.SessionIssuer) }},
	{"userIdentity.trust", Keyword, func(e *Event) string { return e.Identity.Trust }},
	{"userIdentity.source", Keyword, func(e *Event) string { return e.Identity.Source }},
	{"origin.agent", Keyword, func(e *Event) string { return e.Origin.Agent }},
	{"origin.source", Keyword, func(e *Event) string { return e.Origin.Source }},
	{"origin.epoch", Number, func(e *Event) string { return strconv.FormatUint(e.Origin.Epoch, 10) }},
	{"origin.batch", Number, func(e *Event) string { return strconv.FormatUint(e.Origin.Batch, 10) }},
	{"origin.index", Number, func(e *Event) string { return strconv.FormatUint(e.Origin.Index, 10) }},
	{"origin.file", Keyword, func(e *Event) string { return e.Origin.File }},
	{"origin.fileId", Keyword, func(e *Event) string { return e.Origin.FileID }},
	{"origin.offset", Number, func(e *Event) string { return strconv.FormatInt(e.Origin.Offset, 10) }},
	{"origin.length", Number, func(e *Event) string { return strconv.FormatInt(e.Origin.Length, 10) }},
	{"origin.observedTime", Timestamp, func(e *Event) string { return e.Origin.Observed.String() }},
	{"origin.mapper", Keyword, func(e *Event) string { return e.Origin.Mapper }},
	{"duplicateOf", Keyword, func(e *Event) string { return e.DuplicateOf }},
	{"raw", Prose, func(e *Event) string { return e.Raw }},
}

func onlyTrue(b bool) string {
	if b {
		return "true"
	}
	return ""
}
