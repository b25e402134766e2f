package mapper

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// meaning is what a value of a record is, where the operator says it: in the
// dialects json and regexp.
type meaning uint8

const (
	meansTime meaning = iota
	meansAddress
	meansForwarded
	meansUser
	meansConsumer
	meansCertificate
	meansRequest
	meansMethod
	meansURL
	meansPath
	meansQuery
	meansHost
	meansStatus
	meansBytes
	meansDuration
	meansAgent
	meansReferer
	meansRequestID
	meansRoute
	meansService
	meansAction
	meansReadOnly
	meansResourceType
	meansResourceName
	meansErrorCode
	meansErrorMessage

	manyMeanings
)

// meaningNames are what they are called in a log_format.
var meaningNames = [manyMeanings]string{
	"time", "address", "forwarded", "user", "consumer", "certificate", "request", "method", "url", "path", "query", "host", "status", "bytes", "duration",
	"user_agent", "referer", "request_id", "route", "service", "action", "read_only", "resource_type", "resource_name", "error_code", "error_message",
}

// meaningOf is the meaning of this name.
func meaningOf(name string) (meaning, bool) {
	i := slices.Index(meaningNames[:], name)
	return meaning(max(i, 0)), i >= 0
}

// meant are the values of a record by their meanings, and how two of them are written.
type meant struct {
	text [manyMeanings]string
	when *timeForm // nil: any usual form
	unit string    // of the duration: s, ms, us, ns
}

// written takes how the values of a meaning are written: a time's form as C's
// strftime has it, or a duration's unit.
func (v *meant) written(k meaning, how string) error {
	switch {
	case how == "":
	case k == meansTime:
		form, err := parseTimeForm(how)
		if err != nil {
			return fmt.Errorf("log_format: the form %q of the time: %w", how, err)
		}
		v.when = form
	case k == meansDuration && slices.Contains([]string{"s", "ms", "us", "ns"}, how):
		v.unit = how
	case k == meansDuration:
		return fmt.Errorf("log_format: %q is not a unit of duration: s, ms, us or ns", how)
	default:
		return fmt.Errorf("log_format: %q behind %s says nothing: only time has a form and duration a unit", how, meaningNames[k])
	}
	return nil
}

// check tells what an event needs that the values do not have.
func (v *meant) check(has func(meaning) bool) error {
	switch {
	case !has(meansTime):
		return errors.New("log_format does not say where the time is: add time")
	case has(meansAction):
		return nil
	case !has(meansRequest) && !has(meansURL) && !has(meansPath):
		return errors.New("log_format does not say what was done: add request, or method and url, or action")
	case !has(meansRequest) && !has(meansMethod):
		return errors.New("log_format does not say where the method is: add method")
	case !has(meansStatus):
		return errors.New("log_format does not say where the status is: add status")
	}
	return nil
}

// settleMeant makes the request of the values.
func (m *Mapper) settleMeant(v *meant) error {
	q, t := &m.request, &v.text
	for i := range t {
		t[i] = dash(t[i])
	}
	var err error
	if q.time, err = m.timeMeant(v); err != nil {
		return err
	}
	if t[meansStatus] != "" && !q.setStatus(t[meansStatus]) {
		return errNoStatus
	}
	q.host = t[meansHost]
	if t[meansRequest] != "" {
		q.setRequestLine(t[meansRequest])
	}
	if t[meansMethod] != "" {
		q.setMethod(t[meansMethod])
	}
	switch {
	case t[meansURL] != "":
		q.setTarget(t[meansURL])
	case t[meansPath] != "":
		q.setTarget(t[meansPath])
	}
	q.query = or(q.query, strings.TrimPrefix(t[meansQuery], "?"))
	q.peer, q.forwarded, q.user, q.consumer, q.clientDN = stripPort(t[meansAddress]), t[meansForwarded], t[meansUser], t[meansConsumer], t[meansCertificate]
	q.userAgent, q.referer, q.requestID = or(t[meansAgent], q.userAgent), or(t[meansReferer], q.referer), or(t[meansRequestID], q.requestID)
	q.route, q.upstream = t[meansRoute], t[meansService]
	q.setSize(t[meansBytes])
	q.setDuration(t[meansDuration], v.unit)
	q.add(factRoute, q.route)
	if t[meansAction] == "" {
		if q.status == 0 {
			return errNoStatus
		}
		return nil
	}
	a := &q.told
	a.action, a.resourceType, a.resourceName = t[meansAction], t[meansResourceType], t[meansResourceName]
	a.errorCode, a.errorMessage = t[meansErrorCode], t[meansErrorMessage]
	switch strings.ToLower(t[meansReadOnly]) {
	case "true", "1", "read", "yes":
		a.rw = event.Read
	case "false", "0", "write", "no":
		a.rw = event.Write
	default:
		if q.method == "" {
			a.rw = rwOfName(a.action)
		}
	}
	return nil
}

// timeMeant reads the time in its form, or in whichever of the usual ones it has.
func (m *Mapper) timeMeant(v *meant) (event.Time, error) {
	s := v.text[meansTime]
	if v.when != nil {
		at, rest, ok := v.when.read(s, m.opt.TimeZone)
		if !ok || rest != "" {
			return event.Time{}, fmt.Errorf("time %q is not in its form", shorten(s))
		}
		return at, nil
	}
	return m.anyTime(s)
}

// anyTime reads a time in one of the usual forms: a number of seconds, or of
// milliseconds, microseconds or nanoseconds by its length; that of access logs; RFC 3339.
func (m *Mapper) anyTime(s string) (event.Time, error) {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	whole, _, _ := cut(s, '.')
	switch {
	case s == "":
		return event.Time{}, errors.New("not a record of this log: it has no time")
	case number(whole, false):
		switch scale := len(whole) - len("1795224417"); {
		case scale <= 1:
			return m.clock.epoch(s[:min(len(s), len(whole)+1+9)])
		case scale <= 4:
			return millis(s)
		default:
			n, err := strconv.ParseInt(whole, 10, 64)
			for range 9 - scale {
				n *= 10
			}
			if err != nil || scale > 9 {
				return event.Time{}, fmt.Errorf("time %q is not a number of seconds", shorten(s))
			}
			return event.Unix(n, uint8(scale)), nil
		}
	case len(s) == len("21/Nov/2026:01:26:57 +0000") && s[2] == '/':
		return m.clock.local(s)
	case len(s) > 11 && s[2] == '/' && s[11] == ':':
		return m.clock.zoneless(s, m.opt.TimeZone)
	case len(s) > 13 && s[4] == '/' && s[10:13] == " - ": // gin's
		return m.clock.slashed(s[:11]+s[13:], m.opt.TimeZone)
	case len(s) > 10 && s[4] == '/':
		return m.clock.slashed(s, m.opt.TimeZone)
	}
	return m.clock.iso(s, m.opt.TimeZone)
}

// setDuration sets the duration from a number of this unit, or from a text as Go
// writes one; what is neither leaves it unknown.
func (q *request) setDuration(s, unit string) {
	var n int64
	ok := false
	switch unit {
	case "ms":
		n, _, ok = decimal(s, 3)
	case "us":
		n, _, ok = decimal(s, 0)
	case "ns":
		if n, _, ok = decimal(s, 0); ok {
			n /= 1000
		}
	default:
		n, ok = micros(s)
	}
	if !ok && s != "" && !number(s, true) {
		d, err := time.ParseDuration(s)
		n, ok = d.Microseconds(), err == nil && d >= 0
	}
	if ok {
		q.duration = n
	}
}
