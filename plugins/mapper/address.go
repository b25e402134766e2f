package mapper

import (
	"cmp"
	"net/netip"
	"strings"
)

// clientAddress is who called: the peer, or behind trusted proxies the right-most
// address of X-Forwarded-For that is not one of them. What stands further left
// the client may have written itself.
func (m *Mapper) clientAddress() string {
	q := &m.request
	if len(m.opt.TrustedProxies) == 0 || q.forwarded == "" {
		return q.peer
	}
	if a, err := netip.ParseAddr(stripPort(q.peer)); err != nil || !m.isProxy(a) {
		return q.peer
	}
	last, rest := "", q.forwarded
	for rest != "" {
		comma := strings.LastIndexByte(rest, ',')
		hop := stripPort(strings.TrimSpace(rest[comma+1:]))
		rest = rest[:max(comma, 0)]
		a, err := netip.ParseAddr(hop)
		if err != nil {
			break // not an address: nothing left of it can be believed
		}
		if last = hop; !m.isProxy(a) {
			return hop
		}
	}
	return cmp.Or(last, q.peer)
}

func (m *Mapper) isProxy(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range m.opt.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// stripPort takes the port and the brackets off an address.
func stripPort(s string) string {
	if rest, ok := strings.CutPrefix(s, "["); ok {
		s, _, _ = strings.Cut(rest, "]")
		return s
	}
	if strings.Count(s, ":") == 1 {
		s, _, _ = strings.Cut(s, ":")
	}
	return s
}
