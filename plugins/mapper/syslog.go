package mapper

import "strings"

// withoutSyslog takes off what a syslog daemon, or a gateway that speaks its
// language, puts in front of a line: the priority, then what RFC 5424 says, or
// what RFC 3164 and its many dialects do: a stamp, a host, the program. What has
// none of it stays as it is.
func withoutSyslog(s string) string {
	rest, priority := withoutPriority(s)
	if priority {
		if text, ok := withoutRFC5424(rest); ok {
			return text
		}
	}
	rest, stamped := withoutStamp(rest)
	first, after, more := cut(rest, ' ')
	switch {
	case more && isTag(first):
		return after
	case !stamped:
		return rest
	}
	if second, text, more := cut(after, ' '); more && isTag(second) {
		return text
	}
	return rest
}

// withoutPriority takes off <134>.
func withoutPriority(s string) (string, bool) {
	end := strings.IndexByte(s[:min(len(s), 5)], '>')
	if end < 2 || s[0] != '<' || !number(s[1:end], false) {
		return s, false
	}
	return s[end+1:], true
}

// withoutRFC5424 takes off "1 STAMP HOST PROGRAM PID ID DATA ".
func withoutRFC5424(s string) (string, bool) {
	rest, ok := strings.CutPrefix(s, "1 ")
	for i := 0; i < 5 && ok; i++ {
		_, rest, ok = cut(rest, ' ')
	}
	if !ok {
		return "", false
	}
	if strings.HasPrefix(rest, "[") {
		quoted := false
		for i := 0; i < len(rest); i++ {
			switch c := rest[i]; {
			case quoted && c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case !quoted && c == ']' && (i+1 == len(rest) || rest[i+1] != '['):
				return strings.TrimPrefix(rest[i+1:], " "), true
			}
		}
		return "", false
	}
	rest, ok = strings.CutPrefix(rest, "- ")
	return strings.TrimPrefix(rest, "\ufeff"), ok
}

// withoutStamp takes off "Nov 21 01:26:57 " or "2026-11-21T01:26:57.404+00:00 ".
func withoutStamp(s string) (string, bool) {
	if len(s) > 16 && s[3] == ' ' && s[6] == ' ' && s[9] == ':' && s[12] == ':' && s[15] == ' ' && strings.Contains("JanFebMarAprMayJunJulAugSepOctNovDec", s[:3]) {
		return s[16:], true
	}
	if len(s) > 20 && s[4] == '-' && s[7] == '-' && s[10] == 'T' && s[13] == ':' && s[16] == ':' && number(s[:4], false) {
		if _, rest, ok := cut(s, ' '); ok {
			return rest, true
		}
	}
	return s, false
}

// isTag tells whether a word is a program's name as syslog has it: haproxy: or haproxy[123]:.
func isTag(s string) bool {
	name, ok := strings.CutSuffix(s, ":")
	if !ok || name == "" {
		return false
	}
	name, pid, bracket := cut(name, '[')
	if bracket && (!strings.HasSuffix(pid, "]") || !number(pid[:len(pid)-1], false)) {
		return false
	}
	return name != "" && !strings.ContainsAny(name, `"{}<>`)
}
