package mapper

import "strings"

// withoutLiterals is a statement without the texts in it: 'x', E'\”, $$x$$. What
// people wrote into a database is not what an audit is after; rules can have all of
// it as fields.statement.
func withoutLiterals(q *request, s string) string {
	if !strings.ContainsAny(s, `'$`) {
		return s
	}
	at := len(q.scratch)
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\'':
			end := literalEnd(s, i, i > 0 && (s[i-1] == 'E' || s[i-1] == 'e'))
			q.scratch = append(q.scratch, "'***'"...)
			i = end
		case c == '$':
			tag := dollarTag(s[i:])
			if tag == "" {
				q.scratch = append(q.scratch, c)
				i++
				continue
			}
			q.scratch = append(q.scratch, "'***'"...)
			rest := s[i+len(tag):]
			if n := strings.Index(rest, tag); n >= 0 {
				i += len(tag) + n + len(tag)
			} else {
				i = len(s)
			}
		default:
			q.scratch = append(q.scratch, c)
			i++
		}
	}
	return view(q.scratch[at:])
}

// literalEnd is the index behind the literal that begins at s[i]; of one that is cut
// off the end of s.
func literalEnd(s string, i int, slashes bool) int {
	for i++; i < len(s); i++ {
		switch {
		case slashes && s[i] == '\\':
			i++
		case s[i] == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
		case s[i] == '\'':
			return i + 1
		}
	}
	return len(s)
}

// dollarTag is $tag$ at the beginning of s; empty when there is none ($1 is a parameter).
func dollarTag(s string) string {
	for i := 1; i < len(s); i++ {
		c := s[i]
		if c == '$' {
			return s[:i+1]
		}
		if !isLetter(c) && c != '_' && (!isDigit(c) || i == 1) {
			return ""
		}
	}
	return ""
}

// postgresCSV takes a line of CSV apart, and tells how many fields it has. A field
// that is cut off, since a line break in it ended the line, is the last.
func postgresCSV(s string, q *request, fields []string) int {
	clear(fields)
	for n := 0; n < len(fields); n++ {
		if !strings.HasPrefix(s, `"`) {
			i := strings.IndexByte(s, ',')
			if i < 0 {
				fields[n] = s
				return n + 1
			}
			fields[n], s = s[:i], s[i+1:]
			continue
		}
		i, doubled := 1, false
		for ; i < len(s); i++ {
			if s[i] == '"' {
				if i+1 == len(s) || s[i+1] != '"' {
					break
				}
				i, doubled = i+1, true
			}
		}
		i = min(i, len(s))
		if fields[n] = s[1:i]; doubled {
			at := len(q.scratch)
			for k := 1; k < i; k++ {
				if q.scratch = append(q.scratch, s[k]); s[k] == '"' {
					k++
				}
			}
			fields[n] = view(q.scratch[at:])
		}
		if i+1 >= len(s) || s[i+1] != ',' {
			return n + 1
		}
		s = s[i+2:]
	}
	return len(fields)
}
