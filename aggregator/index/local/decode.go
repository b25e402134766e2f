package local

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// decodeEvent reads canonical JSON, which is all that an index keeps, several
// times faster than event.ParseJSON. What it does not expect it leaves to that.
// The strings of the event share one copy of doc.
func decodeEvent(doc []byte) (event.Event, error) {
	d := decoder{s: string(doc)}
	var e event.Event
	if d.event(&e); d.odd || d.i != len(d.s) {
		return event.ParseJSON(doc)
	}
	return e, nil
}

// decoder stands at byte i of s. odd: s is not what canonical JSON of the known fields is.
type decoder struct {
	s   string
	i   int
	odd bool
}

func (d *decoder) event(e *event.Event) {
	d.members(func(key string) {
		switch key {
		case "eventId":
			e.ID = d.text()
		case "eventVersion":
			d.odd = d.odd || d.number() != event.Version
		case "eventCategory":
			e.Category = d.text()
		case "eventType":
			e.Type = d.text()
		case "eventName":
			e.Name = d.text()
		case "eventRW":
			e.RW = d.text()
		case "eventSource":
			e.Source = d.text()
		case "serviceName":
			e.Service = d.text()
		case "apiVersion":
			e.APIVersion = d.text()
		case "eventTime":
			e.Time = d.time()
		case "acsRegion":
			e.Region = d.text()
		case "isGlobal":
			e.Global = d.take("true")
			d.odd = d.odd || !e.Global
		case "sourceIpAddress":
			e.SourceIP = d.text()
		case "userAgent":
			e.UserAgent = d.text()
		case "vpcId":
			e.VPCID = d.text()
		case "requestId":
			e.RequestID = d.text()
		case "requestParameters":
			e.RequestParameters = d.object()
		case "requestParameterJson":
			e.RequestParameterJSON = d.text()
		case "responseElements":
			e.ResponseElements = d.object()
		case "errorCode":
			e.ErrorCode = d.text()
		case "errorMessage":
			e.ErrorMessage = d.text()
		case "referencedResources":
			e.ReferencedResources = d.object()
		case "resourceType":
			e.ResourceType = d.text()
		case "resourceName":
			e.ResourceName = d.text()
		case "recipientAccountId":
			e.RecipientAccountID = d.text()
		case "eventAttributes":
			e.Attributes = d.object()
		case "additionalEventData":
			e.Additional = d.object()
		case "userIdentity":
			d.identity(&e.Identity)
		case "origin":
			d.origin(&e.Origin)
		case "duplicateOf":
			e.DuplicateOf = d.text()
		case "raw":
			e.Raw = d.text()
		default:
			d.odd = true
		}
	})
}

func (d *decoder) identity(u *event.Identity) {
	d.members(func(key string) {
		switch key {
		case "type":
			u.Type = d.text()
		case "principalId":
			u.PrincipalID = d.text()
		case "accountId":
			u.AccountID = d.text()
		case "userName":
			u.UserName = d.text()
		case "accessKeyId":
			u.AccessKeyID = d.text()
		case "sessionContext":
			d.members(func(key string) {
				switch key {
				case "attributes":
					u.SessionAttributes = d.object()
				case "sessionIssuer":
					u.SessionIssuer = d.object()
				default:
					d.odd = true
				}
			})
		case "trust":
			u.Trust = d.text()
		case "source":
			u.Source = d.text()
		default:
			d.odd = true
		}
	})
}

func (d *decoder) origin(o *event.Origin) {
	d.members(func(key string) {
		switch key {
		case "agent":
			o.Agent = d.text()
		case "source":
			o.Source = d.text()
		case "epoch":
			o.Epoch = d.number()
		case "batch":
			o.Batch = d.number()
		case "index":
			o.Index = d.number()
		case "file":
			o.File = d.text()
		case "fileId":
			o.FileID = d.text()
		case "offset":
			o.Offset = d.place()
		case "length":
			o.Length = d.place()
		case "observedTime":
			o.Observed = d.time()
		case "mapper":
			o.Mapper = d.text()
		default:
			d.odd = true
		}
	})
}

func (d *decoder) take(what string) bool {
	if !strings.HasPrefix(d.s[d.i:], what) {
		return false
	}
	d.i += len(what)
	return true
}

// members calls fn at each value of an object with its key. A key that comes
// twice is not canonical, and not looked for: these documents are written by the index.
func (d *decoder) members(fn func(key string)) {
	if !d.take("{") {
		d.odd = true
		return
	}
	if d.take("}") {
		return
	}
	for !d.odd {
		key := d.text()
		if d.odd = d.odd || !d.take(":"); d.odd {
			return
		}
		if fn(key); d.odd || d.take("}") {
			return
		}
		d.odd = !d.take(",")
	}
}

// text is a string.
func (d *decoder) text() string {
	if !d.take(`"`) {
		d.odd = true
		return ""
	}
	from := d.i
	end := strings.IndexByte(d.s[from:], '"')
	if end < 0 {
		d.odd = true
		return ""
	}
	if strings.IndexByte(d.s[from:from+end], '\\') < 0 {
		d.i = from + end + 1
		return d.s[from : from+end]
	}
	d.i = from - 1
	d.skipText()
	var v string
	if d.odd || json.Unmarshal([]byte(d.s[from-1:d.i]), &v) != nil {
		d.odd = true
	}
	return v
}

// skipText moves past a string.
func (d *decoder) skipText() {
	for d.i++; d.i < len(d.s); d.i++ {
		switch d.s[d.i] {
		case '"':
			d.i++
			return
		case '\\':
			d.i++
		}
	}
	d.odd = true
}

// object is a JSON object, as it stands.
func (d *decoder) object() event.Object {
	from, depth := d.i, 0
	if !strings.HasPrefix(d.s[from:], "{") {
		d.odd = true
		return ""
	}
	for d.i < len(d.s) && !d.odd {
		switch d.s[d.i] {
		case '"':
			d.skipText()
			continue
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				d.i++
				return event.Object(d.s[from:d.i])
			}
		}
		d.i++
	}
	d.odd = true
	return ""
}

func (d *decoder) number() uint64 {
	from := d.i
	for d.i < len(d.s) && d.s[d.i] >= '0' && d.s[d.i] <= '9' {
		d.i++
	}
	n, err := strconv.ParseUint(d.s[from:d.i], 10, 64)
	d.odd = d.odd || err != nil
	return n
}

func (d *decoder) place() int64 {
	n := d.number()
	d.odd = d.odd || int64(n) < 0
	return int64(n)
}

func (d *decoder) time() event.Time {
	t, err := event.ParseTime(d.text())
	d.odd = d.odd || err != nil
	return t
}
