package mapper

import (
	"cmp"
	"fmt"
)

// Slots of Tyk's records.
const (
	tykTime = iota
	tykMethod
	tykHost
	tykPath
	tykRawPath
	tykStatus
	tykKey
	tykOAuth
	tykAlias
	tykAPI
	tykAPIID
	tykAPIVersion
	tykOrg
	tykAgent
	tykIP
	tykTook
	tykLatency
	tykListen
	tykTags

	tykSlots
)

// tykForm is AnalyticsRecord (tyk-pump, analytics/analytics.go) as pumps write it:
// alone, or in the member that the pump for stdout puts it in. What was sent and
// answered in whole, raw_request and raw_response, is not read, and masked by its
// name where records are kept.
func tykForm() []wanted {
	names := [tykSlots]string{
		tykTime: "timestamp", tykMethod: "method", tykHost: "host", tykPath: "path", tykRawPath: "raw_path", tykStatus: "response_code", tykKey: "api_key", tykOAuth: "oauth_id", tykAlias: "alias",
		tykAPI: "api_name", tykAPIID: "api_id", tykAPIVersion: "api_version", tykOrg: "org_id", tykAgent: "user_agent", tykIP: "ip_address", tykTook: "request_time", tykLatency: "latency.total",
		tykListen: "listen_path", tykTags: "tags",
	}
	var all []wanted
	for _, above := range [...]string{"", "tyk-analytics-record."} {
		for _, name := range names {
			all = append(all, wanted{above + name, plainBranch})
		}
	}
	return all
}

// tyk reads what the pump of Tyk writes of each request.
func tyk(opt *Options) (reader, error) {
	if opt.LogFormat != "" {
		return nil, errOneForm
	}
	n := newNested(tykForm(), opt)
	return func(m *Mapper, record []byte) error {
		q := &m.request
		if err := n.read(record, m.text.escapes, &q.scratch); err != nil {
			return fmt.Errorf("not a JSON record: %w", err)
		}
		n.fill(q)
		v := n.text[:tykSlots]
		if v[tykTime] == "" {
			v = n.text[tykSlots : 2*tykSlots]
		}
		return m.takeTyk(v)
	}, nil
}

func (m *Mapper) takeTyk(v []string) error {
	q := &m.request
	var err error
	if q.time, err = m.clock.iso(v[tykTime], m.opt.TimeZone); err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	if !q.setStatus(v[tykStatus]) {
		return errNoStatus
	}
	q.setMethod(v[tykMethod])
	q.host = v[tykHost]
	q.setTarget(cmp.Or(v[tykRawPath], v[tykPath])) // path may be the pattern that was matched
	q.peer, q.userAgent = v[tykIP], v[tykAgent]
	q.setMillis(cmp.Or(v[tykLatency], v[tykTook]))
	q.route, q.upstream = cmp.Or(v[tykAPIID], v[tykAPI]), cmp.Or(v[tykAPI], v[tykAPIID])
	// The key itself, where Tyk was not told to hash it. Never shown: it has a name.
	if v[tykKey] != "" {
		q.consumerKey = m.keys.name(v[tykKey])
	}
	q.consumer = cmp.Or(v[tykAlias], v[tykOAuth], q.consumerKey)
	q.checked.consumer = q.consumer != "" && q.status != 401 && q.status != 403 // of a key that it refused, too, it writes what was sent
	q.add(factRoute, q.route)
	q.add(factWorkspace, v[tykOrg])
	return nil
}
