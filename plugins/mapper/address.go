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
	if first, ok := firstByte(q.peer); ok && !m.proxies[first] {
		return q.peer
	}
	if a, ok := parseAddress(q.peer); !ok || !m.isProxy(a) {
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
