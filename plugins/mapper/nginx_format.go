package mapper

import (
	"errors"
	"fmt"
	"strings"
)

// Formats of gateways that are built on nginx, as they are without configuration.
const (
	// kongLog is Kong's access log (kong/templates/nginx_kong.lua); older releases
	// write nginx's combined.
	kongLog = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" kong_request_id: "$kong_request_id"`
	// apisixLog is APISIX's access log (apisix/cli/config.lua).
	apisixLog = `$remote_addr - $remote_user [$time_local] $http_host "$request" $status $body_bytes_sent $request_time "$http_referer" "$http_user_agent" ` +
		`$upstream_addr $upstream_status $upstream_response_time "$upstream_scheme://$upstream_host$upstream_uri" "$apisix_request_id"`
)

// nginxSyntax is what is read of a log_format.
type nginxSyntax struct {
	text   string // the format, its strings joined
	escape string // default, json or none
}

// nginxText reads a log_format in any of the forms that it is copied in: the
// string alone, the strings of nginx.conf in single quotes, or the whole
// directive. escape=… may stand before the string.
func nginxText(given string) (nginxSyntax, error) {
	f := nginxSyntax{escape: "default"}
	s := strings.TrimSpace(given)
	rest, directive := strings.CutPrefix(s, "log_format")
	if directive = directive && rest != "" && isSpace(rest[0]); directive {
		words, err := nginxWords(rest)
		if err != nil {
			return f, err
		}
		if len(words) < 2 {
			return f, errors.New("log_format needs a name and a format: log_format audit '$remote_addr …';")
		}
		words = words[1:]
		if escape, ok := strings.CutPrefix(words[0], "escape="); ok {
			f.escape, words = escape, words[1:]
		}
		f.text = strings.Join(words, "")
		return f, f.check()
	}
	if rest, ok := strings.CutPrefix(s, "escape="); ok {
		end := strings.IndexFunc(rest, func(r rune) bool { return r <= ' ' })
		if end < 0 {
			end = len(rest)
		}
		f.escape, s = rest[:end], strings.TrimSpace(rest[end:])
	}
	f.text = s
	if strings.HasPrefix(s, "'") {
		words, err := nginxWords(s)
		if err != nil {
			return f, err
		}
		f.text = strings.Join(words, "")
	}
	return f, f.check()
}

func (f *nginxSyntax) check() error {
	switch f.escape {
	case "default", "json", "none":
	default:
		return fmt.Errorf("escape=%s is not known to nginx: default, json or none", f.escape)
	}
	if f.text == "" {
		return errors.New("log_format is empty: write nginx's own string, like $remote_addr - $remote_user [$time_local] …")
	}
	return nil
}

// nginxWords cuts the parameters of a directive as nginx does (ngx_conf_file.c):
// words, or strings in quotes, in which a backslash takes the meaning off quotes
// and backslashes and makes tabs and line ends.
func nginxWords(s string) ([]string, error) {
	var words []string
	for i := 0; ; {
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		switch {
		case i == len(s):
			return words, nil
		case s[i] == '#':
			if i = indexAt(s, i, "\n"); i < 0 {
				return words, nil
			}
			continue
		case s[i] == ';':
			if tail := strings.TrimSpace(s[i+1:]); tail != "" && tail[0] != '#' {
				return nil, fmt.Errorf("log_format goes on after its semicolon, at %s: give one format", near(tail))
			}
			return words, nil
		}
		start, quote := i, byte(0)
		if s[i] == '"' || s[i] == '\'' {
			quote = s[i]
			i++
		}
		var word []byte
		for ; ; i++ {
			if i == len(s) {
				if quote != 0 {
					return nil, fmt.Errorf("log_format has a string that does not end: %s", near(s[start:]))
				}
				break
			}
			c := s[i]
			if quote != 0 && c == quote || quote == 0 && (isSpace(c) || c == ';') {
				break
			}
			if c == '\\' && i+1 < len(s) {
				if to, ok := nginxEscape(s[i+1]); ok {
					c = to
					i++
				}
			}
			word = append(word, c)
		}
		words = append(words, string(word))
		if quote == 0 {
			continue
		}
		if i++; i < len(s) && !isSpace(s[i]) && s[i] != ';' {
			return nil, fmt.Errorf("log_format has text behind a string without a space between, at %s", near(s[i:]))
		}
	}
}

// nginxEscape is what a backslash before c makes of it.
func nginxEscape(c byte) (byte, bool) {
	switch c {
	case '"', '\'', '\\':
		return c, true
	case 't':
		return '\t', true
	case 'r':
		return '\r', true
	case 'n':
		return '\n', true
	}
	return 0, false
}

// compile makes the form of the lines from the format.
func (f *nginxSyntax) compile() (*line, error) {
	l := &line{}
	var names []string
	for rest := f.text; rest != ""; {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			i = len(rest)
		}
		text := rest[:i]
		if n := len(l.parts); n > 0 {
			l.parts[n-1].after = text
		} else {
			l.head = text
		}
		if i == len(rest) {
			break
		}
		name, after, err := nginxVariable(rest[i:])
		if err != nil {
			return nil, err
		}
		p := part{name: name, slot: slotOf(name), form: nginxForm(name), quoted: f.escape == "default", slashed: f.escape == "json"}
		l.parts, rest = append(l.parts, p), after
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, errors.New("log_format has no variables: write nginx's own string, like $remote_addr - $remote_user [$time_local] …")
	}
	if err := l.joints(); err != nil {
		return nil, err
	}
	l.seal()
	return l, l.complete("$status", "$msec, $time_iso8601 or $time_local", "$request, or $request_method and $request_uri", "$request_method")
}

// nginxVariable reads $name or ${name}.
func nginxVariable(s string) (name, rest string, err error) {
	body, braces := strings.CutPrefix(s[1:], "{")
	n := 0
	for n < len(body) && (body[n] == '_' || isDigit(body[n]) || body[n]|0x20 >= 'a' && body[n]|0x20 <= 'z') {
		n++
	}
	name, rest = body[:n], body[n:]
	if braces {
		if !strings.HasPrefix(rest, "}") {
			return "", "", fmt.Errorf("log_format has a ${ without its }, at %s", near(s))
		}
		rest = rest[1:]
	}
	if name == "" {
		return "", "", fmt.Errorf("log_format has a $ without a name behind it, at %s", near(s))
	}
	return name, rest, nil
}

// nginxForm is what a variable of nginx may hold.
func nginxForm(name string) valueForm {
	switch name {
	case "status", "body_bytes_sent", "bytes_sent", "request_length", "connection", "connection_requests", "remote_port", "server_port", "content_length", "pid":
		return formNumber
	case "msec", "request_time", "connection_time":
		return formDecimal
	case "time_local":
		return formLocal
	case "remote_addr", "realip_remote_addr", "proxy_protocol_addr", "server_addr":
		return formAddress
	case "time_iso8601", "request_id", "request_method", "scheme", "server_protocol",
		"server_name", "hostname", "pipe", "ssl_protocol", "ssl_cipher", "ssl_session_reused", "ssl_client_fingerprint", "ssl_client_serial",
		"kong_request_id", "apisix_request_id":
		return formWord
	case "host", "upstream_host":
		return formHost
	case "upstream_status", "upstream_response_time", "upstream_connect_time", "upstream_header_time", "upstream_response_length", "upstream_bytes_received", "upstream_bytes_sent":
		return formNumbers
	case "upstream_addr":
		return formWords
	case "request_uri", "uri", "document_uri", "upstream_uri":
		return formPath
	case "is_args":
		return formMark
	}
	return formText
}

// near is the beginning of s, for an error.
func near(s string) string {
	const most = 24
	if len(s) > most {
		return fmt.Sprintf("%.*q…", most, s)
	}
	return fmt.Sprintf("%q", s)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
