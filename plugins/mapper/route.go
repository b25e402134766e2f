package mapper

import (
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/plugins"
)

// route finds the route of the request in m; nil when no rule is for it.
func (m *Mapper) route() (*route, error) {
	q, r := &m.request, m.rules
	m.path.split(q.path)
	if m.path.encoded {
		m.text.plain = false
	}
	segments := m.path.segments
	if r.host != "" && !hostMatches(r.host, q.host) {
		return nil, nil
	}
	if n := len(r.prefix); n > 0 {
		if len(segments) < n || !slices.Equal(segments[:n], r.prefix) {
			return nil, nil
		}
		segments = segments[n:]
		// Captures count from here on.
		m.path.segments, m.path.raw, m.stripped = segments, m.path.raw[n:], true
	}
	if m.path.tooLong || q.path == "" {
		return nil, nil
	}
	if r.ignore.find(q, segments) != nil {
		return nil, plugins.ErrIgnored
	}
	if found := r.routes.find(q, segments); found != nil {
		return found, nil
	}
	if found := r.imported.find(q, segments); found != nil {
		return found, nil
	}
	if found := r.calls.find(q, segments); found != nil && m.call(found) {
		return found, nil
	}
	if r.grpc != nil && m.grpc(r.grpc, segments) {
		return r.grpc, nil
	}
	return nil, nil
}

// hostMatches tells whether a Host header is what a rule says.
func hostMatches(want, host string) bool {
	host = strings.TrimSuffix(withoutPort(host), ".")
	if suffix, ok := strings.CutPrefix(want, "*"); ok {
		return len(host) > len(suffix) && strings.EqualFold(host[len(host)-len(suffix):], suffix)
	}
	return strings.EqualFold(host, want)
}

// withoutPort is the host of a Host header.
func withoutPort(host string) string {
	if strings.IndexByte(host, ':') < 0 { // nearly always, and found faster from the left
		return host
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		return host[:i]
	}
	return host
}
