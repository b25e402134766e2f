package mapper

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// haproxySection is what the lines of a section of haproxy.cfg say of the log:
// the format, and what the places of captures and the transaction's variables hold.
type haproxySection struct {
	format    string            // empty: that of no option
	requests  []string          // the headers of capture request header, as expressions
	responses []string          // of capture response header
	variables map[string]string // by their name (txn.user): the expression
}

// haproxyText reads log_format: the string of log-format alone, or the lines of
// haproxy.cfg that say how the log looks.
func haproxyText(given string) (*haproxySection, error) {
	h := &haproxySection{variables: map[string]string{}}
	first, _, _ := strings.Cut(strings.TrimSpace(given), " ")
	if !slices.Contains([]string{"log-format", "option", "capture", "http-request", "declare"}, first) {
		h.format = strings.TrimSpace(given)
		if strings.Contains(h.format, `\ `) {
			words, err := haproxyWords(h.format)
			if err != nil {
				return nil, err
			}
			h.format = strings.Join(words, " ")
		}
		return h, nil
	}
	for s := range strings.Lines(given) {
		words, err := haproxyWords(strings.TrimSpace(s))
		if err != nil {
			return nil, err
		}
		if err := h.say(words); err != nil {
			return nil, err
		}
	}
	if h.format == "" {
		return nil, errors.New("log_format has neither option httplog, option httpslog nor log-format: add the line that stands in the frontend or in defaults")
	}
	return h, nil
}

// say takes one line. Lines that do not tell how the log looks are a mistake:
// taken silently, they would make people believe that they count.
func (h *haproxySection) say(words []string) error {
	if len(words) == 0 {
		return nil
	}
	text := strings.Join(words, " ")
	switch {
	case words[0] == "log-format" && len(words) == 2:
		h.format = words[1]
	case words[0] == "log-format":
		return fmt.Errorf("log_format has a log-format of %d words: put it in quotes, as it stands in haproxy.cfg", len(words)-1)
	case text == "option httplog":
		h.format = httpLog
	case text == "option httplog clf":
		h.format = clfLog
	case text == "option httpslog":
		h.format = httpsLog
	case text == "option tcplog":
		return errTCPLog
	case strings.HasPrefix(text, "capture request header ") && len(words) > 3:
		h.requests = append(h.requests, "req.hdr("+words[3]+")")
	case strings.HasPrefix(text, "capture response header ") && len(words) > 3:
		h.responses = append(h.responses, "res.hdr("+words[3]+")")
	case strings.HasPrefix(text, "http-request capture ") && len(words) > 2:
		h.requests = append(h.requests, words[2])
	case words[0] == "http-request" && len(words) > 2 && strings.HasPrefix(words[1], "set-var("):
		name, ok := strings.CutSuffix(words[1][len("set-var("):], ")")
		if !ok {
			return fmt.Errorf("log_format has a set-var( without its ), at %s", near(text))
		}
		if from, twice := h.variables[name]; twice && from != words[2] {
			words[2] = "" // one of several: it is known by its own name only
		}
		h.variables[name] = words[2]
	default:
		return fmt.Errorf("log_format has a line that does not say how the log looks: %s; give option httplog, option httpslog, log-format, capture … header, http-request capture and http-request set-var only", near(text))
	}
	return nil
}

// errTCPLog is what lines of option tcplog are.
var errTCPLog = errors.New("a line of option tcplog: it tells of a connection, not of a request; set mode http and option httplog")

// expression is the name in rules and the slot of what stands between square
// brackets. Converters behind it make something else of it.
func (h *haproxySection) expression(x string) (string, slot) {
	x = h.origin(x)
	for _, side := range []string{"req", "res"} {
		if n := between(x, "capture."+side+".hdr(", ")"); n != "" {
			return h.capture(side, n)
		}
	}
	return expressionSlot(x)
}

// origin is what a variable was set from, if log_format has the line that sets it.
func (h *haproxySection) origin(x string) string {
	for range 4 { // from a variable, maybe
		from := h.variables[between(x, "var(", ")")]
		if from == "" {
			break
		}
		x = from
	}
	return x
}

// capture is the name and the slot of a captured header.
func (h *haproxySection) capture(side, number string) (string, slot) {
	captured := h.requests
	if side == "res" {
		captured = h.responses
	}
	if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < len(captured) {
		if name, slot := expressionSlot(h.origin(captured[n])); slot != slotField || strings.HasPrefix(name, "http_") {
			return name, slot
		}
	}
	return captureName(side, number), slotField
}

// captureName is what rules call the n-th captured header of a side.
func captureName(side, number string) string { return side + ".hdr." + number }

// expressionForm is what a sample may hold.
func expressionForm(x string) valueForm {
	fetch, converter, _ := strings.Cut(x, ",")
	switch fetch {
	case "fc_conn_err", "fc_err", "ssl_fc_err", "ssl_c_err", "ssl_c_ca_err", "ssl_fc_is_resumed", "ssl_c_verify", "ssl_c_used", "ssl_fc":
		if converter == "" {
			return formSigned
		}
		return formHost
	case "src":
		return formAddress
	case "method", "status", "unique-id":
		return formWord
	}
	return formText
}

// expressionSlot is the name and the slot of a sample that is not a variable.
func expressionSlot(x string) (string, slot) {
	for _, fetch := range []string{"req.hdr(", "req.fhdr(", "hdr(", "http_header("} {
		if name, _, _ := strings.Cut(between(x, fetch, ")"), ","); name != "" {
			key := headerKey(name)
			return key, slotOf(key)
		}
	}
	switch x {
	case "src":
		return x, slotPeer
	case "status", "txn.status":
		return x, slotStatus
	case "method":
		return x, slotMethod
	case "url", "capture.req.uri", "pathq":
		return x, slotRequestURI
	case "path":
		return x, slotPath
	case "query":
		return x, slotQuery
	case "capture.req.method":
		return x, slotMethod
	case "unique-id":
		return x, slotRequestID
	case "ssl_c_s_dn", "ssl_c_s_dn(cn)", "ssl_c_s_dn(CN)":
		return x, slotClientDN
	case "ssl_c_verify":
		return x, slotVerified
	case "http_auth_user":
		return x, slotUser
	}
	return x, slotField
}

// between is what stands in x after before and before after, which must be all of x.
func between(x, before, after string) string {
	x, ok := strings.CutPrefix(x, before)
	if x, found := strings.CutSuffix(x, after); ok && found && !strings.Contains(x, after) {
		return strings.Trim(x, `"'`)
	}
	return ""
}

// haproxyWords cuts a line of haproxy.cfg: spaces part words, a backslash takes
// the meaning off what follows, and so do quotes.
func haproxyWords(s string) ([]string, error) {
	var words []string
	var word []byte
	open, quote := false, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote == '\'' && c != quote, quote == '"' && c != quote && c != '\\':
			word = append(word, c)
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && i+1 < len(s):
			i++
			if quote == '"' && strings.IndexByte("\\\"'$ #", s[i]) < 0 {
				word = append(word, c)
			}
			word = append(word, s[i])
			open = true
		case c == '"' || c == '\'':
			quote, open = c, true
		case isSpace(c):
			if open {
				words, word, open = append(words, string(word)), nil, false
			}
		case c == '#' && !open:
			return words, nil
		default:
			word, open = append(word, c), true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("log_format has a string that does not end: %s", near(s))
	}
	if open {
		words = append(words, string(word))
	}
	return words, nil
}
