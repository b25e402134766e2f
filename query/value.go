package query

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
)

// Cut is the part of a value that takes part in matching: its first MaxValue
// bytes, less the bytes of a character that would be cut in two.
func Cut(s string) string {
	if len(s) <= MaxValue {
		return s
	}
	end := MaxValue
	for end > MaxValue-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// Time is the value of a Timestamp field.
func Time(f event.Field, e *event.Event) event.Time {
	switch f.Name {
	case "eventTime":
		return e.Time
	case "origin.observedTime":
		return e.Origin.Observed
	}
	return event.Time{}
}

// Number is the value of a Number field; ok is false when it is negative, as no good event has it.
func Number(f event.Field, e *event.Event) (n uint64, ok bool) {
	switch f.Name {
	case "origin.epoch":
		return e.Origin.Epoch, true
	case "origin.batch":
		return e.Origin.Batch, true
	case "origin.index":
		return e.Origin.Index, true
	case "origin.offset":
		return uint64(e.Origin.Offset), e.Origin.Offset >= 0
	case "origin.length":
		return uint64(e.Origin.Length), e.Origin.Length >= 0
	}
	return 0, false
}

// ParseAddr reads the value of an IP field as an address. An IPv4 address that
// is written as an IPv6 one is that IPv4 address. One with a zone is not an
// address but text.
func ParseAddr(s string) (netip.Addr, bool) {
	if s == "" || len(s) > 45 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}

// parsePrefix reads an address or a CIDR block.
func parsePrefix(s string) (netip.Prefix, bool) {
	if a, ok := ParseAddr(s); ok {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// anyLeaf tells whether fn is true for a leaf of the object at this path, or, without one, for any leaf.
func anyLeaf(object, path string, fn func(string) bool) bool {
	if object == "" {
		return false
	}
	found := false
	if path == "" {
		event.Object(object).Leaves(func(_, v string) { found = found || fn(v) })
		return found
	}
	event.Object(object).Each(path, func(v string) bool {
		found = fn(v)
		return !found
	})
	return found
}

// Like tells whether s is the parts with anything between them, as Wildcard has
// it. There are two parts or more.
func Like(s string, parts []string) bool {
	first, last := parts[0], parts[len(parts)-1]
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return true
}
