package mapper

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// Bounds of what is taken of a token: a client may send anything.
const (
	maxToken = 16 << 10 // bytes of the payload as it is sent
	maxClaim = 256      // bytes of one claim
)

// token is the bearer token of the request. Nobody has checked its signature, as
// far as the record shows.
type token struct {
	read    bool   // payload is that of this request
	payload string // the claims as JSON; empty: there are none
	buffer  []byte
}

// tokenClaims is the payload of the request's JWT (RFC 7519), decoded; empty when
// there is no token or it is not well formed.
func (m *Mapper) tokenClaims() string {
	t := &m.token
	if t.read {
		return t.payload
	}
	t.read, t.payload = true, ""
	credentials := m.request.credential("http_authorization")
	jwt, ok := cutPrefixFold(credentials, "bearer ")
	if !ok {
		if jwt, ok = cutPrefixFold(credentials, "dpop "); !ok {
			return ""
		}
	}
	_, rest, ok := cut(strings.TrimLeft(jwt, " "), '.')
	if !ok {
		return ""
	}
	payload, _, ok := cut(rest, '.')
	if payload = strings.TrimRight(payload, "="); !ok || len(payload) > maxToken {
		return ""
	}
	var err error
	if t.buffer, err = base64.RawURLEncoding.AppendDecode(t.buffer[:0], bytesOf(payload)); err != nil {
		return ""
	}
	m.text.plain = false // what was decoded may hold anything
	t.payload = view(t.buffer)
	return t.payload
}

// claim is a claim of the caller's token: as the gateway tells it (jwt_claim_sub),
// or of a bearer token that it logs.
func (m *Mapper) claim(s *identitySource) string {
	if v := m.request.field(s.told); v != "" {
		return v
	}
	found := ""
	if m.eachClaim(m.tokenClaims(), func(name, value string, quoted bool) {
		if name == s.key {
			found = scalar(value, quoted)
		}
	}) != nil {
		return ""
	}
	return found
}

// claimedSession fills the session from the claims that stand beside the one
// that named the caller, and from nowhere else: what a gateway has verified is not
// mixed with what a token says that it may not have looked at.
func (m *Mapper) claimedSession(s *identitySource, u *event.Identity) {
	q := &m.request
	if !q.session.isEmpty() {
		return // the gateway knows better
	}
	var c sessionClaims
	if q.field(s.told) != "" {
		for _, f := range q.fields {
			if name, ok := strings.CutPrefix(f.name, toldClaim); ok {
				m.sessionClaim(&c, name, f.value, !strings.HasPrefix(f.value, "{") && !strings.HasPrefix(f.value, "["))
			}
		}
	} else if m.eachClaim(m.tokenClaims(), func(name, value string, quoted bool) { m.sessionClaim(&c, name, value, quoted) }) != nil {
		return
	}
	c.fill(&q.session)
	if c.actor != "" { // a token exchange (RFC 8693): the subject lends its rights, the actor uses them
		q.session.role, q.session.roleType = u.UserName, "jwt"
		actor := m.nameText(c.actor)
		u.UserName, u.PrincipalID = actor, actor
	}
}

// sessionClaims are the claims that tell something of a session.
type sessionClaims struct {
	actor, client, azp, issuer, amr, acr, iat, authTime string
}

func (m *Mapper) sessionClaim(c *sessionClaims, name, value string, quoted bool) {
	switch name {
	case "act":
		if !quoted {
			_ = m.eachClaim(value, func(name, value string, quoted bool) { // what is not well formed has no actor
				if name == "sub" {
					c.actor = scalar(value, quoted)
				}
			})
		}
	case "azp": // OpenID Connect Core §2
		c.azp = scalar(value, quoted)
	case "client_id": // RFC 8693 §4.3
		c.client = scalar(value, quoted)
	case "iss":
		c.issuer = scalar(value, quoted)
	case "amr": // RFC 8176
		c.amr = value
	case "acr":
		c.acr = scalar(value, quoted)
	case "iat":
		c.iat = value
	case "auth_time":
		c.authTime = value
	}
}

func (c *sessionClaims) fill(s *session) {
	if s.client = c.azp; c.client != "" {
		s.client = c.client
	}
	s.issuer = c.issuer
	s.mfa = secondFactor(c.amr, c.acr)
	if s.created = instant(c.authTime); s.created == "" {
		s.created = instant(c.iat)
	}
}

// secondFactor tells what the methods of a sign-in (RFC 8176) and its class say of
// a second factor: "true", "false", or that they say nothing.
func secondFactor(amr, acr string) string {
	has := func(methods ...string) bool {
		for _, name := range methods {
			if hasWord(amr, name) {
				return true
			}
		}
		return false
	}
	known := has("pwd", "pin", "kba")
	held := has("otp", "hwk", "swk", "sms", "tel", "sc", "pop", "fpt", "face", "iris", "retina", "vbm")
	switch {
	case has("mfa") || known && held:
		return "true"
	case known || held:
		return "false"
	}
	for _, class := range [...]string{"mfa", "multi-factor", "aal2", "aal3"} {
		if len(acr) >= len(class) && strings.HasSuffix(strings.ToLower(acr), class) {
			return "true"
		}
	}
	return ""
}

// hasWord tells whether a word of letters stands in s, by itself.
func hasWord(s, word string) bool {
	for {
		i := strings.Index(s, word)
		if i < 0 {
			return false
		}
		after := s[i+len(word):]
		if (i == 0 || !inWord(s[i-1])) && (after == "" || !inWord(after[0])) {
			return true
		}
		s = after
	}
}

func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// instant is a NumericDate (RFC 7519 §2) as RFC 3339 in whole seconds.
func instant(s string) string {
	s, _, _ = cut(s, '.')
	n, ok := whole(s)
	if !ok || n == 0 || n > 253402300799 { // the last second of the year 9999
		return ""
	}
	return time.Unix(n, 0).UTC().Format(time.RFC3339)
}

// scalar is a claim that is a text or a number; all else, and what is too long, is no name.
func scalar(value string, quoted bool) string {
	if len(value) > maxClaim || !quoted && (value == "" || value[0] != '-' && (value[0] < '0' || value[0] > '9')) {
		return ""
	}
	return value
}

// eachClaim calls fn for the members of a JSON object, of which it keeps nothing.
func (m *Mapper) eachClaim(object string, fn func(name, value string, quoted bool)) error {
	b := bytesOf(object)
	for i, first := 0, true; ; first = false {
		name, next, done, err := readKey(b, i, first, true, &m.request.scratch)
		if err != nil || done {
			return err
		}
		if b[next-1] == '"' { // readKey steps over the quote
			value, after, err := stringAt(b, next-1, true, &m.request.scratch)
			if err != nil {
				return err
			}
			i = after
			fn(name, value, true)
			continue
		}
		if i, err = valueEnd(b, next); err != nil {
			return err
		}
		fn(name, view(trimRight(b[next:i])), false)
	}
}
