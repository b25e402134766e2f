package mapper

import (
	"errors"
	"fmt"
	"strings"
)

// readTraefikCommon reads a line of Traefik's formats common and genericCLF
// (pkg/middlewares/accesslog/logger_formatters.go); the second one ends with the agent:
//
//	host - user [02/Jan/2006:15:04:05 -0700] "method path protocol" status size "referer" "agent" count "router" "server" 12ms
//
// Nothing in it is escaped. What Traefik itself writes at the end is read from the
// end, so that no agent can stand for it.
func (m *Mapper) readTraefikCommon(s string) error {
	q := &m.request
	who, stamp, rest, ok := cutStamp(s)
	if !ok {
		return notTraefik("time")
	}
	host, user, ok := strings.Cut(who, " - ")
	if !ok || host == "" {
		return notTraefik("address")
	}
	q.traefikPeer(dash(host))
	q.user = dash(user)
	var err error
	if q.time, err = m.clock.local(stamp); err != nil {
		return fmt.Errorf("common format of Traefik: %w", err)
	}
	request, rest, ok := cutStatus(rest)
	if !ok {
		return notTraefik("status")
	}
	q.setTraefikRequest(request)
	if q.status, ok = status(rest[:3]); !ok {
		return notTraefik("status")
	}
	if q.status == 0 {
		q.status = clientGone
	}
	size, rest, ok := cut(rest[4:], ' ')
	if !ok {
		return notTraefik("size")
	}
	if n, ok := whole(size); ok {
		q.bytes = n
	} else if size != "-" {
		return notTraefik("size")
	}
	headers, ok := m.traefikEnd(rest)
	if !ok {
		return notTraefik("end")
	}
	referer, agent, ok := strings.Cut(headers, `" "`)
	if !ok || referer == "" || referer[0] != '"' || !strings.HasSuffix(agent, `"`) {
		return notTraefik("user agent")
	}
	q.referer, q.userAgent = dash(referer[1:]), dash(agent[:len(agent)-1])
	return nil
}

func notTraefik(what string) error {
	return errors.New("not in a format of Traefik: its " + what + " is missing or wrong")
}

// setTraefikRequest takes method, path and protocol.
func (q *request) setTraefikRequest(s string) {
	method, rest, ok := cut(s, ' ')
	if !ok || !isMethod(method) || method == "-" {
		return
	}
	q.method = method
	if i := strings.LastIndexByte(rest, ' '); i >= 0 {
		rest = rest[:i]
	}
	if rest != "-" {
		q.setTarget(rest)
	}
}

// traefikEnd takes what only the format common has, and gives what is before it.
func (m *Mapper) traefikEnd(s string) (before string, ok bool) {
	q := &m.request
	if strings.HasSuffix(s, `"`) {
		return s, true // genericCLF
	}
	s, ok = strings.CutSuffix(s, "ms")
	if !ok {
		return "", false
	}
	var ends [3]string // server, router, count
	space := strings.LastIndexByte(s, ' ')
	n, ok := whole(s[space+1:])
	if !ok || n > 1<<40 || space < 0 {
		return "", false
	}
	q.duration, s = n*1000, s[:space]
	for i := range ends[:2] {
		if !strings.HasSuffix(s, `"`) {
			return "", false
		}
		open := strings.LastIndex(s[:len(s)-1], ` "`)
		if open < 0 {
			return "", false
		}
		ends[i], s = s[open+2:len(s)-1], s[:open]
	}
	space = strings.LastIndexByte(s, ' ')
	if space < 0 {
		return "", false
	}
	if q.route = dash(ends[1]); q.route != "" {
		q.fields = append(q.fields, field{"RouterName", q.route})
	}
	if server := dash(ends[0]); server != "" {
		q.fields = append(q.fields, field{"ServiceURL", server})
	}
	return s[:space], true
}

// cutStamp cuts a line at the first [02/Jan/2006:15:04:05 -0700] that a quote follows.
func cutStamp(s string) (before, stamp, after string, ok bool) {
	for from := 0; ; {
		n := strings.Index(s[from:], `] "`)
		if n < 0 {
			return "", "", "", false
		}
		n += from
		const length = len("02/Jan/2006:15:04:05 -0700")
		if open := n - length - 2; open > 0 && s[open:open+2] == " [" && s[open+4] == '/' && s[open+8] == '/' {
			return s[:open], s[open+2 : n], s[n+3:], true
		}
		from = n + 3
	}
}

// cutStatus cuts at the first quote that a status of three digits follows.
func cutStatus(s string) (request, after string, ok bool) {
	for from := 0; ; {
		n := strings.Index(s[from:], `" `)
		if n < 0 {
			return "", "", false
		}
		n += from
		after = s[n+2:]
		if len(after) > 4 && after[3] == ' ' {
			if _, ok := whole(after[:3]); ok {
				return s[:n], after, true
			}
		}
		from = n + 2
	}
}
