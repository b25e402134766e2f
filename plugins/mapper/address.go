package mapper

import (
	"net/netip"
	"strings"
)

// ProxyHeaders are the headers that trusted proxies may tell the client's address
// in. A source has one: of two the proxy would set the one, and the client the other.
func ProxyHeaders() []string { return []string{xForwardedFor, forwarded} }

const (
	xForwardedFor = "x-forwarded-for"
	forwarded     = "forwarded" // RFC 7239
)

// clientAddress is who called: the peer, or behind trusted proxies the right-most
// address of their header that is not one of them. What stands further left the
// client may have written itself.
func (m *Mapper) clientAddress() string {
	q := &m.request
	peer := plainAddress(q.peer)
	if len(m.opt.TrustedProxies) == 0 {
		return peer
	}
	if first, ok := firstByte(peer); ok && !m.proxies[first] {
		return peer
	}
	chain := q.forwarded
	if m.opt.ProxyHeader == forwarded {
		chain = q.header(slotField, "http_forwarded")
	}
	if chain == "" || !m.peerIn(m.opt.TrustedProxies) {
		return peer
	}
	last := peer
	for chain != "" {
		var hop string
		if m.opt.ProxyHeader == forwarded {
			hop, chain = lastForwarded(chain)
		} else {
			comma := strings.LastIndexByte(chain, ',')
			hop, chain = strings.TrimSpace(chain[comma+1:]), chain[:max(comma, 0)]
		}
		a, ok := parseAddress(hop)
		if !ok {
			break // not an address: nothing left of it can be believed
		}
		if last = plainAddress(hop); !inNetworks(m.opt.TrustedProxies, a) {
			break
		}
	}
	return last
}

// peerIn tells whether the peer's address is in one of the networks. nginx's
// realip module puts the client into the peer's place, and the peer elsewhere.
func (m *Mapper) peerIn(networks []netip.Prefix) bool {
	q := &m.request
	peer := q.field("realip_remote_addr")
	if peer == "" {
		peer = q.peer
	}
	a, ok := parseAddress(peer)
	return ok && inNetworks(networks, a)
}

// lastForwarded is the address of the last element of a Forwarded header (RFC 7239
// §4), and all before it. It reads from the right: what the proxy has written is
// well formed, whatever quotes a client has left open before it.
func lastForwarded(s string) (address, before string) {
	quoted, i := false, len(s)-1
	for ; i >= 0; i-- {
		if s[i] == '"' && !escaped(s[:i]) {
			quoted = !quoted
		}
		if s[i] == ',' && !quoted {
			break
		}
	}
	element, before := s[i+1:], s[:max(i, 0)]
	found := false
	for element != "" {
		end, quoted := 0, false
		for ; end < len(element) && (quoted || element[end] != ';'); end++ {
			if element[end] == '"' && !escaped(element[:end]) {
				quoted = !quoted
			}
		}
		name, value, _ := cut(element[:end], '=')
		element = element[min(end+1, len(element)):]
		if !strings.EqualFold(strings.TrimSpace(name), "for") {
			continue
		}
		if found {
			return "", "" // twice: neither counts
		}
		found = true
		address = strings.Trim(strings.TrimSpace(value), `"`)
	}
	return address, before
}

// plainAddress is an address in the one form that it has in events: without port,
// brackets and zone, and IPv4 as IPv4. What is no address stays as it is.
func plainAddress(s string) string {
	if strings.IndexByte(s, ':') < 0 {
		return s // nearly always
	}
	a, ok := parseAddress(s)
	if !ok {
		return s
	}
	if a.Is4In6() || a.Zone() != "" {
		return a.Unmap().WithZone("").String()
	}
	return stripPort(s)
}

func inNetworks(networks []netip.Prefix, a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// firstBytes are the first bytes of the IPv4 addresses in these networks.
func firstBytes(networks []netip.Prefix) (first [256]bool) {
	for _, n := range networks {
		if a := n.Masked().Addr(); a.Is4() {
			from := int(a.As4()[0])
			for i := range 1 << max(0, 8-n.Bits()) {
				first[from+i] = true
			}
		}
	}
	return first
}

// firstByte is that of an IPv4 address, not ok of anything else.
func firstByte(s string) (n byte, ok bool) {
	sum := 0
	for i := range min(len(s), 4) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			sum = 10*sum + int(c-'0')
		case c == '.' && i > 0 && sum < 256:
			return byte(sum), true
		default:
			return 0, false
		}
	}
	return 0, false
}

// parseAddress reads an address, with or without a port.
func parseAddress(s string) (netip.Addr, bool) {
	if a, ok := parseIPv4(s); ok {
		return a, true
	}
	a, err := netip.ParseAddr(stripPort(s))
	return a, err == nil
}

// parseIPv4 reads an address as netip.ParseAddr does, but for its errors, which
// take longer than the address.
func parseIPv4(s string) (netip.Addr, bool) {
	var parts [4]byte
	part, n, digits := 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if digits > 0 && n == 0 {
				return netip.Addr{}, false
			}
			n = 10*n + int(c-'0')
			if digits++; n > 255 {
				return netip.Addr{}, false
			}
		case c == '.' && digits > 0 && part < 3:
			parts[part] = byte(n)
			part, n, digits = part+1, 0, 0
		default:
			return netip.Addr{}, false
		}
	}
	parts[3] = byte(n)
	return netip.AddrFrom4(parts), part == 3 && digits > 0
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
