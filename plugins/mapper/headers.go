package mapper

import (
	"cmp"
	"strings"
)

// readHeaders reads the object of a request's headers at b[i]. Their names are
// a client's: none is remembered beyond the record. Cookies and the password of
// a proxy are not taken at all.
func (n *nested) readHeaders(i, depth int) (int, error) {
	i, more, err := n.open(i, '}', depth)
	for more && err == nil {
		var key, value string
		if key, i, err = n.key(i); err != nil {
			return 0, err
		}
		from := i
		switch {
		case isCookie(key):
			i, err = n.skip(i, depth+1)
		case n.b[i] == '"':
			value, i, err = stringAt(n.b, i, n.escapes, n.scratch)
		case n.b[i] == '[':
			value, i, err = n.list(i, depth+1)
		default:
			if i, err = n.skip(i, depth+1); err == nil && n.b[from] != '{' {
				value = view(n.b[from:i])
			}
		}
		if err != nil {
			return 0, err
		}
		if n.keeps && (isCookie(key) || isCredential(key) || isSecretName(key)) {
			n.hidden = append(n.hidden, span{from, i})
		}
		if value != "" && len(n.headers) < maxHeaders {
			n.headers = append(n.headers, field{key, value})
		}
		i, more, err = n.next(i, '}')
	}
	return i, err
}

// isCookie tells whether a header holds a secret that says nothing of who sent it.
func isCookie(name string) bool {
	return isHeader(name, "http_cookie") || isHeader(name, "http_cookie2") || isHeader(name, "http_set_cookie") || isHeader(name, "http_proxy_authorization")
}

// isCredential tells whether a header is one that only identities are made of.
func isCredential(name string) bool {
	return isHeader(name, "http_authorization") || isHeader(name, "http_x_api_key") || isHeader(name, "http_apikey")
}

// isHeader tells whether a header's name, as HTTP has it, is that of a key for request.header.
func isHeader(name, key string) bool {
	const prefix = "http_"
	if len(name)+len(prefix) != len(key) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '-':
			c = '_'
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		}
		if c != key[len(prefix)+i] {
			return false
		}
	}
	return true
}

// sent is the value of a header in an object of headers; of one that came twice
// the last. Rules do not see credentials.
func (q *request) sent(key string) string {
	if len(q.headers) == 0 || isCredential(strings.TrimPrefix(key, "http_")) {
		return ""
	}
	return q.inHeaders(key)
}

// credentials tells whether there may be claims of a token in the record, and API
// keys. Of most records there are none, and this is found at once.
func (q *request) credentials() (claims, keys bool) {
	if len(q.headers) > 0 {
		return true, true
	}
	for i := range q.fields {
		switch name := q.fields[i].name; {
		case len(name) < len(toldClaim):
		case name[:4] == toldClaim[:4]: // jwt_claim_…
			claims = true
		case name[:5] == "http_":
			claims, keys = true, true
		}
	}
	return claims, keys
}

// credential is the value of a header that identities are made of.
func (q *request) credential(key string) string {
	return cmp.Or(q.field(key), q.inHeaders(key))
}

func (q *request) inHeaders(key string) string {
	for i := len(q.headers) - 1; i >= 0; i-- {
		if isHeader(q.headers[i].name, key) {
			return q.headers[i].value
		}
	}
	return ""
}
