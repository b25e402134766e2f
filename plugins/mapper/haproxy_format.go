package mapper

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The formats that HAProxy has names for, by its option (src/log.c).
const (
	httpLog  = `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r`
	httpsLog = httpLog + ` %[fc_conn_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc`
	clfLog   = `%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl`
	tcpLog   = `%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq`
)

// haproxyFlags are what a variable's braces, or those of %o, say.
type haproxyFlags struct{ quote, escape, hex bool }

// compile makes the form of the lines from a log-format: see "Custom log format"
// in HAProxy's configuration manual. Of several spaces it writes one.
func (h *haproxySection) compile(format string) (*haproxyLine, error) {
	l := &haproxyLine{section: h, line: line{cut: true}}
	var all haproxyFlags
	var text []byte
	put := func() {
		if n := len(l.parts); n > 0 {
			l.parts[n-1].after = string(text)
		} else {
			l.head = string(text)
		}
		text = text[:0]
	}
	for i := 0; i < len(format); {
		c := format[i]
		switch {
		case isSpace(c):
			if n := len(text); (n == 0 || text[n-1] != ' ') && (n > 0 || len(l.parts) > 0) {
				text = append(text, ' ')
			}
			i++
			continue
		case c != '%':
			text = append(text, c)
			i++
			continue
		case strings.HasPrefix(format[i:], "%%"):
			text = append(text, '%')
			i += 2
			continue
		}
		v, rest, err := readHAProxyVariable(format[i:], all)
		if err != nil {
			return nil, err
		}
		i = len(format) - len(rest)
		if v.name == "o" {
			all = v.flags
			continue
		}
		if v.flags.quote && v.isText() {
			text = append(text, '"')
		}
		put()
		l.parts = append(l.parts, v.part(h))
		l.encodings = append(l.encodings, v.encoding())
		if v.flags.quote && v.isText() {
			text = append(text, '"')
		}
	}
	if len(l.parts) == 0 {
		return nil, errors.New("log_format has no variables: write HAProxy's own string, like %ci:%cp [%tr] %ft …, or its line option httplog")
	}
	put()
	return l, l.finish()
}

// haproxyVariable is one of a log-format.
type haproxyVariable struct {
	name  string
	expr  bool // it stands between square brackets
	flags haproxyFlags
}

// readHAProxyVariable reads %name, %{flags}name, %[expression] or %(its name)name.
func readHAProxyVariable(s string, flags haproxyFlags) (v haproxyVariable, rest string, err error) {
	rest = s[1:]
	v.flags = flags
	if named, ok := strings.CutPrefix(rest, "("); ok {
		if _, rest, ok = strings.Cut(named, ")"); !ok {
			return v, "", fmt.Errorf("log_format has a %%( without its ), at %s", near(s))
		}
	}
	if braces, ok := strings.CutPrefix(rest, "{"); ok {
		var list string
		if list, rest, ok = strings.Cut(braces, "}"); !ok {
			return v, "", fmt.Errorf("log_format has a %%{ without its }, at %s", near(s))
		}
		if err := v.flags.set(list); err != nil {
			return v, "", err
		}
	}
	if inside, ok := strings.CutPrefix(rest, "["); ok {
		end := expressionEnd(inside)
		if end < 0 {
			return v, "", fmt.Errorf("log_format has a %%[ without its ], at %s", near(s))
		}
		v.name, v.expr = strings.TrimSpace(inside[:end]), true
		return v, inside[end+1:], nil
	}
	n := 0
	for n < len(rest) && (isDigit(rest[n]) || rest[n]|0x20 >= 'a' && rest[n]|0x20 <= 'z') {
		n++
	}
	v.name, rest = rest[:n], rest[n:]
	if _, known := haproxyVariables[v.name]; !known {
		return v, "", fmt.Errorf("log_format has a variable that HAProxy does not have, at %s; write %%%% for a percent sign", near(s))
	}
	return v, rest, nil
}

// set adds and takes away flags, as +Q,-E does.
func (f *haproxyFlags) set(list string) error {
	on := true
	for _, c := range []byte(list) {
		switch c {
		case '+', '-':
			on = c == '+'
		case ',', ' ', 'M':
		case 'Q':
			f.quote = on
		case 'E':
			f.escape = on
		case 'X':
			f.hex = on
		default:
			return fmt.Errorf("log_format has flags {%s}, of which only Q, E, X and M are understood here: JSON and CBOR are not; write the lines as text", list)
		}
	}
	return nil
}

// expressionEnd is where the bracket stands that ends an expression: not one
// between parentheses or quotes.
func expressionEnd(s string) int {
	depth, quote := 0, byte(0)
	for i := range len(s) {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ']' && depth <= 0:
			return i
		}
	}
	return strings.IndexByte(s, ']')
}

// isText tells whether HAProxy puts the value between quotes when it is told to:
// numbers and dates never are.
func (v *haproxyVariable) isText() bool {
	return v.expr || haproxyVariables[v.name].text
}

// encoding is what HAProxy did to the value of the variable.
type encoding uint8

const (
	plain       encoding = iota
	hashed               // #22 for a quote
	backslashed          // \" for a quote
)

func (v *haproxyVariable) encoding() encoding {
	switch {
	case !v.expr && haproxyVariables[v.name].hashed:
		return hashed
	case v.flags.escape:
		return backslashed
	}
	return plain
}

// part is the variable as a part of a line.
func (v *haproxyVariable) part(h *haproxySection) part {
	p := part{name: v.name, slot: slotField}
	if v.expr {
		p.name, p.slot = h.expression(v.name)
		p.form = expressionForm(v.name)
	} else {
		known := haproxyVariables[v.name]
		p.slot, p.form, p.loose = known.slot, known.form, known.cookie
		if v.flags.hex && (p.form == formSigned || p.form == formAddress) {
			p.form, p.slot = formWord, slotField
		}
	}
	p.quoted = v.flags.quote && v.isText() && (v.encoding() != plain || p.loose)
	p.slashed = p.quoted && v.encoding() == backslashed
	return p
}

// finish works out the rest, and tells what is missing.
func (l *haproxyLine) finish() error {
	l.lists()
	l.captures = [2][]capturedAs{l.section.captures("req"), l.section.captures("res")}
	if err := l.joints(); err != nil {
		return err
	}
	l.seal()
	l.time = -1
	for _, name := range []string{"tr", "trl", "trg", "t", "Ts", "T", "Tl"} {
		if l.time = slices.IndexFunc(l.parts, func(p part) bool { return p.name == name && p.slot != slotField }); l.time >= 0 {
			break
		}
	}
	l.millis = slices.IndexFunc(l.parts, func(p part) bool { return p.name == "ms" })
	return l.complete("%ST", "%tr (or %trg, %trl, %t, %Ts, %T, %Tl)", "%r (or %HM and %HU)", "%HM")
}

// lists makes one part of the lists of captured headers at the end of a line:
// either is left out where nothing is captured, and what is behind the space then
// may be left out by what carries the lines.
func (l *haproxyLine) lists() {
	n := len(l.parts)
	if n > 1 && l.parts[n-1].form == formRest && l.parts[n-2].form == formRest {
		n--
		l.parts, l.encodings = l.parts[:n], l.encodings[:n]
		l.parts[n-1].after = ""
	}
	if n > 1 && l.parts[n-1].form == formRest {
		if before := &l.parts[n-2]; len(before.after) > 1 {
			before.after = strings.TrimSuffix(before.after, " ")
		}
	}
}
