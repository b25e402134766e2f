package render

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
)

// cefVendor is who the header names as vendor and as product.
const cefVendor = "actiontrail"

// CEF appends the event in ArcSight's Common Event Format, version 0, without a
// syslog header. It has no place for all of an event: the bodies but
// requestParameters, the session, the origin. externalId finds the rest. Values are
// cut at the lengths of the format's dictionary.
func CEF(b []byte, e *event.Event) []byte {
	b = append(b, "CEF:0|"+cefVendor+"|"+cefVendor+"|"...)
	b = strconv.AppendInt(b, event.Version, 10)
	b = cefHeader(append(b, '|'), either(e.Name, "unknown"))
	b = cefHeader(append(b, '|'), strings.TrimSpace(e.Service+" "+either(e.Name, "unknown")))
	b = strconv.AppendInt(append(b, '|'), cefSeverity(e), 10)
	w := cefWriter{append(b, '|'), false}
	x := exchangeOf(e)
	when := e.Time
	if when.IsZero() {
		when = e.Origin.Observed
	}
	w.time("rt", when)
	w.text("externalId", e.ID, 0)
	w.text("cat", e.Type, 1023)
	w.text("act", e.RW, 63)
	if e.ErrorCode == "" {
		w.text("outcome", "success", 0)
	} else {
		w.text("outcome", "failure", 0)
	}
	w.text("reason", e.ErrorCode, 1023)
	w.text("msg", e.ErrorMessage, 1023)
	w.text("suser", e.Identity.UserName, 1023)
	w.text("suid", e.Identity.PrincipalID, 1023)
	w.text("spriv", e.Identity.Type, 1023)
	switch a, ok := address(e.SourceIP); {
	case !ok:
		w.text("shost", e.SourceIP, 1023)
	case a.Is4():
		w.text("src", a.String(), 0)
	default:
		w.custom("c6a2", "Source IPv6 Address", a.String(), 0)
	}
	w.text("dhost", host(e.Source), 1023)
	w.text("destinationServiceName", e.Service, 1023)
	w.text("requestMethod", x.method, 1023)
	w.text("request", x.path, 1023)
	w.text("requestContext", x.referer, 2048)
	w.text("requestClientApplication", e.UserAgent, 1023)
	if x.bytes >= 0 {
		w.text("out", strconv.FormatInt(x.bytes, 10), 0)
	}
	w.text("dvchost", e.Origin.Agent, 100)
	w.custom("cs1", "acsRegion", e.Region, 4000)
	w.custom("cs2", "recipientAccountId", e.RecipientAccountID, 4000)
	w.custom("cs3", "userIdentity.trust", e.Identity.Trust, 4000)
	w.custom("cs4", "userIdentity.accessKeyId", e.Identity.AccessKeyID, 4000)
	w.custom("cs5", "requestId", e.RequestID, 4000)
	w.custom("cs6", "requestParameters", string(e.RequestParameters), 4000)
	w.custom("flexString1", "resourceType", e.ResourceType, 1023)
	w.custom("flexString2", "resourceName", e.ResourceName, 1023)
	if x.status != 0 {
		w.custom("cn1", "httpStatus", strconv.FormatInt(x.status, 10), 0)
	}
	if x.duration >= 0 {
		w.custom("cn2", "durationMs", strconv.FormatInt(x.duration, 10), 0)
	}
	if !e.Origin.Observed.IsZero() {
		w.time("deviceCustomDate1", e.Origin.Observed)
		w.text("deviceCustomDate1Label", "observedTime", 0)
	}
	return w.b
}

// cefSeverity is of 0 to 10, where 7 begins what is high.
func cefSeverity(e *event.Event) int64 {
	switch {
	case ofLoss(e):
		return 8
	case e.ErrorCode != "":
		return 5
	case e.RW == event.Read:
		return 1
	}
	return 3
}

// cefHeader appends a field of the header, which is one line: a line end becomes a space.
func cefHeader(b []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case '|', '\\':
			b = append(b, '\\', c)
		case '\n', '\r':
			b = append(b, ' ')
		default:
			b = append(b, c)
		}
	}
	return b
}

// cefWriter appends the extension: keys and values.
type cefWriter struct {
	b     []byte
	begun bool
}

// text writes a value that is there, at most so many characters of it; 0: all.
func (w *cefWriter) text(key, v string, most int) {
	if v == "" {
		return
	}
	if w.begun {
		w.b = append(w.b, ' ')
	}
	w.begun = true
	w.b = append(append(w.b, key...), '=')
	if v = event.Text(v); most > 0 {
		v = firstRunes(v, most)
	}
	for i := range len(v) {
		switch c := v[i]; c {
		case '=', '\\':
			w.b = append(w.b, '\\', c)
		case '\n':
			w.b = append(w.b, '\\', 'n')
		case '\r':
			w.b = append(w.b, '\\', 'r')
		default:
			w.b = append(w.b, c)
		}
	}
}

// custom writes a value of our own and what it is.
func (w *cefWriter) custom(key, label, v string, most int) {
	if v != "" {
		w.text(key, v, most)
		w.text(key+"Label", label, 0)
	}
}

// time writes milliseconds since 1970.
func (w *cefWriter) time(key string, t event.Time) {
	if !t.IsZero() {
		w.text(key, strconv.FormatInt(millis(t), 10), 0)
	}
}

// firstRunes is s up to so many characters.
func firstRunes(s string, most int) string {
	if len(s) <= most || utf8.RuneCountInString(s) <= most {
		return s
	}
	for i := range s {
		if most--; most < 0 {
			return s[:i]
		}
	}
	return s
}
