package mapper

import (
	"errors"
	"fmt"
	"strings"
)

// Console tells which actions were taken in a web console (eventType
// ConsoleOperation): those for which one of its conditions holds. All of them are
// what a client says: a program can say so, too.
type Console struct {
	When       *Expr    // a truth
	Hosts      []string // exact, or "*." and a domain: of the Origin, the Referer or the request itself
	UserAgents []string // products: the whole User-Agent, or what it begins with before a slash or a space
}

// Check tells what is wrong with it.
func (c *Console) Check() error {
	for _, h := range c.Hosts {
		if name := strings.TrimPrefix(h, "*."); name == "" || name != hostOf("https://"+name) {
			return fmt.Errorf("console: %q is not a host: write the name alone, like console.shop.example or *.shop.example", h)
		}
	}
	for _, a := range c.UserAgents {
		if strings.TrimSpace(a) == "" {
			return errors.New("console: a user agent is empty")
		}
	}
	return nil
}

// console tells whether the request came from a console.
func (m *Mapper) console() bool {
	c, q := &m.rules.console, &m.request
	if c.When != nil && c.When.holds(m) {
		return true
	}
	if len(c.Hosts) > 0 {
		origin := hostOf(q.header(slotField, "http_origin"))
		referer := hostOf(q.referer)
		for _, want := range c.Hosts {
			if hostMatches(want, q.host) || origin != "" && hostMatches(want, origin) || referer != "" && hostMatches(want, referer) {
				return true
			}
		}
	}
	for _, want := range c.UserAgents {
		if rest, ok := strings.CutPrefix(q.userAgent, want); ok && (rest == "" || rest[0] == '/' || rest[0] == ' ') {
			return true
		}
	}
	return false
}

// hostOf is the host of an address of the web, with its port; empty for all else,
// and for what readers of addresses do not agree upon: user names, backslashes,
// white space, letters beyond ASCII.
func hostOf(address string) string {
	rest, ok := cutPrefixFold(address, "https://")
	if !ok {
		if rest, ok = cutPrefixFold(address, "http://"); !ok {
			return ""
		}
	}
	for i := range len(rest) {
		switch c := rest[i]; {
		case c == '/' || c == '?' || c == '#':
			return rest[:i]
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == ':' || c == '_' || c == '[' || c == ']':
		default:
			return ""
		}
	}
	return rest
}
