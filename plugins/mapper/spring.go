package mapper

import (
	"errors"
	"fmt"
	"strings"
)

// readSpring reads the access log of Spring Cloud Gateway, which is that of
// reactor-netty (BaseAccessLogHandler), alone or behind what Spring Boot's log puts
// before each line. Nothing in it is escaped, but what the server itself writes
// stands at both ends:
//
//	192.0.2.7:4711 - - [21/Nov/2026:01:26:57 +0000] "GET /v1/orders HTTP/1.1" 200 17 12 ms
//
// Older releases write the client's port before the duration, and not behind the address.
func (m *Mapper) readSpring(record []byte) error {
	q := &m.request
	s := view(record)
	if _, after, ok := strings.Cut(s, springLogger); ok && !strings.HasPrefix(s, `"`) {
		if before, line, ok := strings.Cut(after, ": "); ok && strings.Trim(before, " ") == "" {
			s = line
		}
	}
	who, stamp, rest, ok := cutStamp(s)
	if !ok {
		return notSpring("time")
	}
	host, user, ok := strings.Cut(who, " - ")
	if !ok {
		return notSpring("address")
	}
	var err error
	if q.time, err = m.clock.local(stamp); err != nil {
		return fmt.Errorf("access log of reactor-netty: %w", err)
	}
	line, end, ok := cutSpringEnd(rest)
	if !ok {
		return notSpring("end")
	}
	q.peer, q.user = stripPort(dash(host)), dash(user)
	if !q.setStatus(end[0]) {
		return notSpring("status")
	}
	q.setSize(end[1])
	q.setMillis(end[2])
	q.setTraefikRequest(line)
	return nil
}

// springLogger is the name under which Spring Boot logs these lines.
const springLogger = "reactor.netty.http.server.AccessLog"

// cutSpringEnd cuts a line behind its request: status, size, and milliseconds, all
// of them written by the server.
func cutSpringEnd(s string) (request string, end [3]string, ok bool) {
	s, ok = strings.CutSuffix(s, " ms")
	if !ok {
		return "", end, false
	}
	quote := strings.LastIndexByte(s, '"')
	if quote < 0 {
		return "", end, false
	}
	words := strings.Fields(s[quote+1:])
	if len(words) != 3 && len(words) != 4 || len(words[0]) != 3 {
		return "", end, false
	}
	for i, w := range words {
		if !number(w, false) && (i == 0 || w != "-") {
			return "", end, false
		}
	}
	return s[:quote], [3]string{words[0], words[1], words[len(words)-1]}, true
}

func notSpring(what string) error {
	return errors.New("not a line of reactor-netty's access log: its " + what + " is missing or wrong")
}

// isSpring tells such a line by its end.
func isSpring(s string) bool {
	if !strings.HasSuffix(s, " ms") {
		return false
	}
	_, _, ok := cutSpringEnd(s)
	return ok
}
