package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// ParseJSON reads one event, in canonical form or as other writers give it:
// any key order, null and "" and {} for absent, eventVersion as a string. Keys
// it does not know are kept in Extra. The result's AppendJSON is canonical, and
// parses to the same event again.
func ParseJSON(data []byte) (Event, error) {
	var e Event
	r, err := readMembers(data)
	if err != nil {
		return e, err
	}
	if v := r.scalar("eventVersion"); v != "" && v != strconv.Itoa(Version) {
		r.fail("eventVersion", fmt.Errorf("%s is not supported, only %d", v, Version))
	}
	e.ID = r.text("eventId")
	e.Category = r.text("eventCategory")
	e.Type = r.text("eventType")
	e.Name = r.text("eventName")
	e.RW = r.text("eventRW")
	e.Source = r.text("eventSource")
	e.Service = r.text("serviceName")
	e.APIVersion = r.text("apiVersion")
	e.Time = r.time("eventTime")
	e.Region = r.text("acsRegion")
	e.Global = r.boolean("isGlobal")
	e.SourceIP = r.text("sourceIpAddress")
	e.UserAgent = r.text("userAgent")
	e.VPCID = r.text("vpcId")
	e.RequestID = r.text("requestId")
	e.RequestParameters = r.object("requestParameters")
	e.RequestParameterJSON = r.text("requestParameterJson")
	e.ResponseElements = r.object("responseElements")
	e.ErrorCode = r.text("errorCode")
	e.ErrorMessage = r.text("errorMessage")
	e.ReferencedResources = r.object("referencedResources")
	e.ResourceType = r.text("resourceType")
	e.ResourceName = r.text("resourceName")
	e.RecipientAccountID = r.text("recipientAccountId")
	e.Attributes = r.object("eventAttributes")
	e.Additional = r.object("additionalEventData")
	e.Identity = parseIdentity(r)
	e.Origin = parseOrigin(r)
	e.DuplicateOf = r.text("duplicateOf")
	e.Raw = r.text("raw")
	e.Extra = r.rest()
	return e, r.err
}

func parseIdentity(outer *members) Identity {
	var u Identity
	r := outer.nested("userIdentity")
	u.Type = r.text("type")
	u.PrincipalID = r.text("principalId")
	u.AccountID = r.text("accountId")
	u.UserName = r.text("userName")
	u.AccessKeyID = r.text("accessKeyId")
	session := r.nested("sessionContext")
	u.SessionAttributes = session.object("attributes")
	u.SessionIssuer = session.object("sessionIssuer")
	u.Trust = r.text("trust")
	u.Source = r.text("source")
	if more := session.rest(); more != "" { // ours has two members only: what else came stays readable beside it
		r.m["sessionContextExtra"] = json.RawMessage(more)
	}
	r.fail("sessionContext", session.err)
	u.Extra = r.rest()
	outer.fail("userIdentity", r.err)
	return u
}

// parseOrigin reads origin. Keys in it that are not ours stay readable beside it.
func parseOrigin(outer *members) Origin {
	var o Origin
	r := outer.nested("origin")
	o.Agent = r.text("agent")
	o.Source = r.text("source")
	o.Epoch = r.number("epoch")
	o.Batch = r.number("batch")
	o.Index = r.number("index")
	o.File = r.text("file")
	o.FileID = r.text("fileId")
	o.Offset = r.place("offset")
	o.Length = r.place("length")
	o.Observed = r.time("observedTime")
	o.Mapper = r.text("mapper")
	if more := r.rest(); more != "" {
		outer.m["originExtra"] = json.RawMessage(more)
	}
	outer.fail("origin", r.err)
	return o
}

// members are the keys of an object that have not been read yet, and the first error.
type members struct {
	m   map[string]json.RawMessage
	err error
}

func readMembers(data []byte) (*members, error) {
	r := &members{}
	if err := json.Unmarshal(data, &r.m); err != nil {
		return nil, err
	}
	if r.m == nil {
		return nil, errors.New("null is not an event")
	}
	return r, nil
}

func (r *members) fail(key string, err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("%s: %w", key, err)
	}
}

// take removes and returns a member; nil when it is absent or null.
func (r *members) take(key string) json.RawMessage {
	v := r.m[key]
	delete(r.m, key)
	if bytes.Equal(v, []byte("null")) {
		return nil
	}
	return v
}

func (r *members) text(key string) string {
	v := r.take(key)
	if v == nil {
		return ""
	}
	var s string
	if err := json.Unmarshal(v, &s); err != nil {
		r.fail(key, errors.New("is not a string"))
	}
	return s
}

// scalar is a string or a number, as text.
func (r *members) scalar(key string) string {
	if v := r.m[key]; len(v) > 0 && v[0] != '"' {
		return string(r.take(key))
	}
	return r.text(key)
}

func (r *members) number(key string) uint64 {
	v := r.scalar(key)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		r.fail(key, errors.New("is not a whole number"))
	}
	return n
}

// place is a number that an int64 holds.
func (r *members) place(key string) int64 {
	n := r.number(key)
	if n > math.MaxInt64 {
		r.fail(key, errors.New("is too large"))
		return 0
	}
	return int64(n)
}

func (r *members) boolean(key string) bool {
	switch v := r.scalar(key); v {
	case "true":
		return true
	case "false", "":
		return false
	default:
		r.fail(key, errors.New("is not true or false"))
		return false
	}
}

func (r *members) time(key string) Time {
	v := r.text(key)
	if v == "" {
		return Time{}
	}
	t, err := ParseTime(v)
	r.fail(key, err)
	return t
}

func (r *members) object(key string) Object {
	v := r.take(key)
	if v == nil {
		return ""
	}
	o, err := ParseObject(v)
	r.fail(key, err)
	return o
}

// nested are the members of an object within; none when it is absent.
func (r *members) nested(key string) *members {
	v := r.take(key)
	if v == nil || bytes.Equal(v, []byte(`""`)) {
		return &members{m: map[string]json.RawMessage{}}
	}
	n, err := readMembers(v)
	if err != nil {
		r.fail(key, errors.New("is not an object"))
		return &members{m: map[string]json.RawMessage{}}
	}
	return n
}

// rest are the members nobody took.
func (r *members) rest() Object {
	if len(r.m) == 0 {
		return ""
	}
	all, err := json.Marshal(r.m)
	if err != nil {
		r.fail("", err)
		return ""
	}
	o, err := ParseObject(all)
	r.fail("unknown key", err)
	return o
}
