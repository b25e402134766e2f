package mapper

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// cloudTrail reads one record of CloudTrail: an element of the Records of a file
// that it delivered, or such a record as EventBridge, LookupEvents and a file of one
// record wrap it (docs.aws.amazon.com, "CloudTrail record contents"). The event has
// the id of the record, its names and its words, but for the few that events have
// words of their own for; what events have no field for is kept under the name that
// it has in the record. event/render writes such an event as a record again.
func cloudTrail(record []byte) (event.Event, error) {
	d, err := readDocument(record, "eventName", "detail", "CloudTrailEvent", "Records")
	if err != nil {
		return event.Event{}, fmt.Errorf("not a JSON record: %w", err)
	}
	r := cloudRecord{d: d}
	return r.event()
}

// cloudRecord is a record that is being read.
type cloudRecord struct {
	d          document
	additional document // additionalEventData
	own        document // of it, what an event had that was written as a record here
	err        error
}

// event reads all members; what nobody takes is kept.
func (r *cloudRecord) event() (event.Event, error) {
	d := r.d
	var e event.Event
	e.Name, e.ID = d.text("eventName"), d.text("eventID")
	at := d.text("eventTime")
	if e.Name == "" || at == "" {
		return e, errors.New("not a record of CloudTrail: eventName and eventTime are needed")
	}
	var err error
	if e.Time, err = event.ParseTime(inUTC(at)); err != nil {
		return e, fmt.Errorf("eventTime: %w", err)
	}
	r.additional, _ = d.object("additionalEventData")
	if r.additional == nil {
		r.additional = document{}
	}
	r.own, _ = r.additional.object(ownMember)
	e.Source, e.Region, e.SourceIP, e.UserAgent = d.text("eventSource"), d.text("awsRegion"), d.text("sourceIPAddress"), d.text("userAgent")
	e.Service, _, _ = strings.Cut(e.Source, ".amazonaws.com")
	e.ErrorCode, e.ErrorMessage = d.text("errorCode"), d.text("errorMessage")
	e.RequestID, e.APIVersion, e.RecipientAccountID = d.text("requestID"), d.text("apiVersion"), d.text("recipientAccountId")
	e.Type = ourWord(cloudTypes, d.text("eventType"), event.TypeAPICall)
	r.category(&e)
	r.readOnly(&e)
	if v := d.text("eventVersion"); v != "" && len(r.own) == 0 {
		r.additional.set("recordVersion", v)
	}
	e.RequestParameters, e.ResponseElements = r.part(d, "requestParameters"), r.part(d, "responseElements")
	r.resources(&e)
	r.identity(&e)
	r.signIn(&e)
	r.restore(&e)
	for _, name := range cloudFurther {
		if v := d.take(name); v != nil {
			r.additional[name] = v
			if name == "vpcEndpointId" && e.VPCID == "" {
				_ = json.Unmarshal(v, &e.VPCID) // it is a string, or none of ours
			}
		}
	}
	e.Extra = r.canonical(d)
	if !e.ValidExtra() { // unknown ones keep their place, unless it is that of a field
		for name, v := range d {
			r.additional[name] = v
		}
		e.Extra = ""
	}
	e.Additional = r.canonical(r.additional)
	return e, r.err
}

// inUTC is a time as records have it, of one that a lake of logs has written in its
// own way: 2026-11-21 01:26:57.000000000, always in UTC.
func inUTC(at string) string {
	if day, clock, ok := strings.Cut(at, " "); ok && len(day) == len(time.DateOnly) {
		second, fraction, _ := strings.Cut(strings.TrimSuffix(clock, "Z"), ".")
		if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
			second += "." + fraction
		}
		return day + "T" + second + "Z"
	}
	return at
}

// part is a member that is an object nearly always; what is none is kept beside it.
func (r *cloudRecord) part(d document, name string) event.Object {
	if inner, ok := d.object(name); ok {
		return r.canonical(inner)
	}
	if v := d.take(name); v != nil {
		r.additional[name] = v
	}
	return ""
}

func (r *cloudRecord) canonical(d document) event.Object {
	o, err := d.canonical()
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("not a record that can be kept: %w", err)
	}
	return o
}

func (r *cloudRecord) category(e *event.Event) {
	e.Category = r.d.text("eventCategory")
	management := r.d.text("managementEvent")
	if e.Category == "" {
		e.Category = event.CategoryManagement
		if management == "false" {
			e.Category = event.CategoryData
		}
	}
}

// readOnly is missing in records of the first versions: then the name tells.
func (r *cloudRecord) readOnly(e *event.Event) {
	switch r.d.text("readOnly") {
	case "true":
		e.RW = event.Read
	case "false":
		e.RW = event.Write
	default:
		e.RW = rwOfName(e.Name)
	}
}

// rwOfName tells by its first word whether an operation only reads.
func rwOfName(name string) string {
	for _, verb := range [...]string{"Get", "List", "Describe", "Head", "Lookup", "Search", "Query", "Check", "BatchGet"} {
		if rest, ok := strings.CutPrefix(name, verb); ok && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z') {
			return event.Read
		}
	}
	return event.Write
}

// resources become what was touched, by type. The array itself is kept where it
// says more than that.
func (r *cloudRecord) resources(e *event.Event) {
	given := r.d.take("resources")
	if given == nil {
		return
	}
	var all []map[string]any
	more := json.Unmarshal(given, &all) != nil
	touched := map[string]any{}
	for _, one := range all {
		arn, _ := one["ARN"].(string)
		kind, _ := one["type"].(string)
		if arn == "" || kind == "" {
			more = true
			continue
		}
		if account, given := one["accountId"]; given && !strings.Contains(arn, fmt.Sprint(":", account, ":")) || len(one) > 3 {
			more = true
		}
		names, _ := touched[kind].([]string)
		touched[kind] = append(names, arn)
		if e.ResourceName == "" {
			e.ResourceType, e.ResourceName = kind, arn
		}
	}
	var err error
	if e.ReferencedResources, err = event.NewObject(touched); err != nil {
		r.err = err
	}
	if more {
		r.additional["resources"] = given
	}
}

// restore gives back what render.CloudTrail had no member for. Where the event
// was read is told by whoever reads it now: the old origin stays as it is.
func (r *cloudRecord) restore(e *event.Event) {
	named := r.own["resourceName"] != nil
	for name, field := range map[string]*string{
		"serviceName": &e.Service, "vpcId": &e.VPCID, "requestParameterJson": &e.RequestParameterJSON, "resourceType": &e.ResourceType, "resourceName": &e.ResourceName,
		"duplicateOf": &e.DuplicateOf, "raw": &e.Raw, "eventRW": &e.RW,
	} {
		if v := r.own.text(name); v != "" {
			*field = v
		}
	}
	switch trust, source := r.own.text("trust"), r.own.text("source"); {
	case trust == event.TrustClaimed, trust == event.TrustNone, trust == event.TrustVerified && e.Identity.Trust == event.TrustVerified: // nobody is raised
		e.Identity.Trust, e.Identity.Source = trust, source
	}
	if e.ResourceName != "" && e.ReferencedResources == alone(e.ResourceType, e.ResourceName) && named {
		e.ReferencedResources = "" // it is the main one, which stands among them in a record
	}
	if at, err := event.ParseTime(r.own.text("eventTime")); err == nil {
		e.Time = at
	}
	e.Global = r.own.text("isGlobal") == "true"
	if attributes, ok := r.own.object("eventAttributes"); ok {
		e.Attributes = r.canonical(attributes)
	}
	if kept := r.canonical(r.own); kept != "" {
		r.additional[ownMember] = json.RawMessage(kept)
	}
}

// alone is one resource, as an event has those that were touched.
func alone(kind, name string) event.Object {
	o, err := event.NewObject(map[string]any{kind: []string{name}})
	if err != nil {
		return ""
	}
	return o
}
