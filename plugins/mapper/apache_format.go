package mapper

import (
	"errors"
	"fmt"
	"strings"
)

// apacheKind says what is done with the value of a directive besides what its slot says.
type apacheKind uint8

const (
	apachePlain   apacheKind = iota
	apacheStamp              // a time in the form of the part
	apacheMillis             // milliseconds since 1970
	apacheMicros             // microseconds since 1970
	apacheTook               // a duration in seconds
	apacheTookMs             // in milliseconds
	apacheTookUs             // in microseconds
	apacheQuery              // with its question mark
	apacheUser               // of whom Apache has authenticated
	apacheNothing            // what says nothing of the request
)

// apacheDirective is one of a LogFormat, or text.
type apacheDirective struct {
	text string // when verb is 0
	verb byte
	arg  string // in its braces
}

// apacheText is the format out of what an operator copies: the whole directive
// (LogFormat "…" name), its string in quotes, or the string alone.
func apacheText(given string) (string, error) {
	s := strings.TrimSpace(given)
	quoted := strings.HasPrefix(s, `"`) && (strings.Contains(s, `\"`) || strings.Count(s, `"`) == 2 && strings.HasSuffix(s, `"`))
	for _, directive := range [...]string{"LogFormat", "CustomLog"} {
		if rest, ok := cutPrefixFold(s, directive); ok && rest != "" && isSpace(rest[0]) {
			open := strings.IndexByte(rest, '"')
			if open < 0 {
				return "", fmt.Errorf("log_format: %s has no string in quotes", directive)
			}
			s, quoted = rest[open:], true
		}
	}
	var b strings.Builder
	if quoted {
		s = s[1:]
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' && quoted:
			return b.String(), nil // behind it stand a name and conditions
		case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case c == '\\' && i+1 < len(s) && s[i+1] == 't':
			i++
			b.WriteByte('\t')
		case c == '\\' && i+1 < len(s) && s[i+1] == 'n':
			return "", errors.New("log_format writes records over several lines (\\n): a record is one line")
		default:
			b.WriteByte(c)
		}
	}
	if quoted {
		return "", fmt.Errorf("log_format has a string that does not end: %s", near(given))
	}
	return b.String(), nil
}

// apacheDirectives cuts a format into directives and text (modules/loggers/mod_log_config.c).
func apacheDirectives(format string) ([]apacheDirective, error) {
	var all []apacheDirective
	text := func(s string) {
		if n := len(all); n > 0 && all[n-1].verb == 0 {
			all[n-1].text += s
		} else if s != "" {
			all = append(all, apacheDirective{text: s})
		}
	}
	for format != "" {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			i = len(format)
		}
		text(format[:i])
		if format = format[i:]; format == "" {
			break
		}
		from := format
		if format = format[1:]; strings.HasPrefix(format, "%") {
			text("%")
			format = format[1:]
			continue
		}
		d := apacheDirective{}
		format = strings.TrimLeft(format, "!0123456789,<>") // which statuses it is written for, and of which request
		if rest, ok := strings.CutPrefix(format, "{"); ok {
			if d.arg, format, ok = strings.Cut(rest, "}"); !ok {
				return nil, fmt.Errorf("log_format has a { without its }, at %s", near(from))
			}
			format = strings.TrimLeft(format, "<>")
		}
		if rest, ok := strings.CutPrefix(format, "^t"); ok && rest != "" { // of a trailer
			d.verb, format = rest[0], rest[1:]
			d.arg = "trailer_" + d.arg
			all = append(all, d)
			continue
		}
		if format == "" {
			return nil, fmt.Errorf("log_format ends in the middle of a directive: %s", near(from))
		}
		d.verb, format = format[0], format[1:]
		if !isLetter(d.verb) {
			return nil, fmt.Errorf("log_format: %s is not a directive", near(from))
		}
		all = append(all, d)
	}
	return all, nil
}

// apacheTime is the form of a %t, in the language of timeForm.
func apacheTime(arg string) (form string, fraction bool) {
	arg = strings.TrimPrefix(strings.TrimPrefix(arg, "begin:"), "end:")
	switch arg {
	case "":
		return "[%d/%b/%Y:%H:%M:%S %z]", false
	case "sec":
		return "%s", false
	case "msec_frac":
		return "%3f", true
	case "usec_frac":
		return "%6f", true
	}
	return arg, false
}

// apacheStamps joins directives of the time that only text stands between, as far as
// they make one time: [%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t]. The form of each that
// was joined is in its arg, and those it was joined of are gone.
func apacheStamps(all []apacheDirective) (joined []apacheDirective, forms map[int]*timeForm) {
	forms = map[int]*timeForm{}
	for i := 0; i < len(all); i++ {
		d := all[i]
		if d.verb == 't' && d.arg != "" && d.arg != "msec" && d.arg != "usec" {
			var text strings.Builder
			best, end := (*timeForm)(nil), i
			for k := i; k < len(all) && (all[k].verb == 't' || all[k].verb == 0); k++ {
				if all[k].verb == 0 {
					text.WriteString(strings.ReplaceAll(all[k].text, "%", "%%"))
					continue
				}
				form, _ := apacheTime(all[k].arg)
				text.WriteString(form)
				if f, err := parseTimeForm(text.String()); err == nil {
					best, end = f, k
				}
			}
			if best != nil {
				forms[len(joined)] = best
				i = end
			}
		}
		joined = append(joined, d)
	}
	return joined, forms
}

// apacheMeaning is what a directive says.
func apacheMeaning(d *apacheDirective) (name string, s slot, form valueForm, kind apacheKind) {
	switch d.verb {
	case 'h', 'a':
		if d.arg == "c" {
			return "peer_addr", slotField, formWord, apachePlain
		}
		return "remote_addr", slotPeer, formWord, apachePlain
	case 'l':
		return "remote_logname", slotField, formWord, apachePlain
	case 'u':
		return "remote_user", slotUser, formText, apacheUser
	case 'r':
		return "request", slotRequest, formText, apachePlain
	case 'm':
		return "request_method", slotMethod, formWord, apachePlain
	case 'U':
		return "uri", slotPath, formPath, apachePlain
	case 'q':
		return "args", slotQuery, formQuery, apacheQuery
	case 's':
		return "status", slotStatus, formNumber, apachePlain
	case 'b', 'B':
		return "body_bytes_sent", slotBytes, formNumber, apachePlain
	case 'v', 'V':
		return "server_name", slotServer, formWord, apachePlain
	case 'D':
		return "request_time", slotField, formNumber, apacheTookUs
	case 'T':
		switch d.arg {
		case "ms":
			return "request_time", slotField, formNumber, apacheTookMs
		case "us":
			return "request_time", slotField, formNumber, apacheTookUs
		}
		return "request_time", slotField, formNumber, apacheTook
	case 'i':
		if strings.HasPrefix(d.arg, "trailer_") {
			return strings.ToLower(d.arg), slotField, formText, apachePlain
		}
		name = headerKey(d.arg)
		return name, slotOf(name), formText, apachePlain
	case 'o':
		return "sent_" + headerKey(d.arg), slotField, formText, apachePlain
	case 'C':
		return "cookie_" + d.arg, slotField, formText, apacheNothing
	case 'x', 'e', 'c', 'n':
		switch strings.ToUpper(d.arg) {
		case "SSL_CLIENT_S_DN":
			return "ssl_client_s_dn", slotClientDN, formText, apachePlain
		case "SSL_CLIENT_VERIFY":
			return "ssl_client_verify", slotVerified, formText, apachePlain
		case "UNIQUE_ID":
			return "request_id", slotRequestID, formWord, apachePlain
		}
		return d.arg, slotField, formText, apachePlain
	case 'O', 'I', 'S':
		return map[byte]string{'O': "bytes_sent", 'I': "request_length", 'S': "bytes_transferred"}[d.verb], slotField, formNumber, apachePlain
	case 'p', 'P', 'k':
		return map[byte]string{'p': "port", 'P': "pid", 'k': "keepalives"}[d.verb], slotField, formWord, apachePlain
	case 'H':
		return "server_protocol", slotField, formWord, apachePlain
	case 'A':
		return "server_addr", slotField, formWord, apachePlain
	case 'X':
		return "connection_status", slotField, formWord, apachePlain
	case 'L':
		return "log_id", slotField, formWord, apachePlain
	case 'f':
		return "request_filename", slotField, formText, apachePlain
	case 'R':
		return "handler", slotField, formText, apachePlain
	}
	return string(d.verb) + d.arg, slotField, formText, apachePlain // of a module that is not known here
}
