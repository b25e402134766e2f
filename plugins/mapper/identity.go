package mapper

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Identity says who acted: the first of Order that the record has, and how far
// that is to be trusted.
type Identity struct {
	Order       []string          // nil: DefaultOrder
	Trust       map[string]string // by source: verified or claimed; what is not here is claimed, unless the gateway says that it checked
	Type        *Expr             // of whoever is not anonymous; nil: what the source is (basic, jwt, mtls, api-key)
	UserName    *Expr             // nil: what the source gives
	PrincipalID *Expr             // nil: the same
	AccountID   *Expr
	AccessKeyID *Expr
}

// Sources of identity, in the order that they are asked in when nothing is said.
// header:<name> and jwt.<claim> are also known.
func DefaultOrder() []string {
	return []string{"k8s.user", "consumer", "user_id", "jwt.sub", "mtls.subject", "api_key", "remote_user"}
}

type identity struct {
	Identity
	sources []identitySource
}

type identitySource struct {
	name  string // userIdentity.source
	kind  string // k8s.user, consumer, user_id, jwt, mtls.subject, api_key, remote_user, header
	key   string // claim or header
	slot  slot   // of a header
	trust string
}

// Check tells what is wrong with it.
func (i *Identity) Check() error {
	_, err := i.compile()
	return err
}

// CheckOrder tells what is wrong with Order alone.
func (i *Identity) CheckOrder() error {
	only := Identity{Order: i.Order}
	return only.Check()
}

func (i *Identity) compile() (identity, error) {
	c := identity{Identity: *i}
	order := i.Order
	if order == nil {
		order = DefaultOrder()
	}
	for _, name := range order {
		s := identitySource{name: name, kind: name, trust: event.TrustClaimed}
		switch {
		case slices.Contains([]string{"k8s.user", "consumer", "user_id", "mtls.subject", "api_key", "remote_user"}, name):
		case strings.HasPrefix(name, "jwt.") && len(name) > len("jwt."):
			s.kind, s.key = "jwt", name[len("jwt."):]
		case strings.HasPrefix(name, "header:") && len(name) > len("header:"):
			s.kind, s.key = "header", headerKey(name[len("header:"):])
			s.slot = headerSlot(s.key)
		default:
			return identity{}, fmt.Errorf("identity: source %q is not known: k8s.user, consumer, user_id, jwt.<claim>, mtls.subject, api_key, remote_user or header:<name>", name)
		}
		switch trust := i.Trust[name]; trust {
		case "":
		case event.TrustVerified, event.TrustClaimed:
			s.trust = trust
		default:
			return identity{}, fmt.Errorf("identity: trust of %s is %q: write verified or claimed", name, trust)
		}
		c.sources = append(c.sources, s)
	}
	for name := range i.Trust {
		if !slices.Contains(order, name) {
			return identity{}, fmt.Errorf("identity: trust names %q, which is not in its order", name)
		}
	}
	return c, nil
}

// identify fills who acted.
func (m *Mapper) identify(e *event.Event) {
	rules, u := &m.rules.identity, &e.Identity
	u.Type, u.Trust = "anonymous", event.TrustNone
	for i := range rules.sources {
		if s := &rules.sources[i]; m.ask(s, u) {
			u.Source, u.Trust = s.name, s.trust
			if m.vouched(s) {
				u.Trust = event.TrustVerified
			}
			break
		}
	}
	if v := m.eval(rules.UserName); v != "" {
		u.UserName = v
	}
	if v := m.eval(rules.PrincipalID); v != "" {
		u.PrincipalID = v
	}
	if v := m.eval(rules.AccountID); v != "" {
		u.AccountID = v
	}
	if v := m.eval(rules.AccessKeyID); v != "" {
		u.AccessKeyID = v
	}
	if u.Trust == event.TrustNone && (u.UserName != "" || u.PrincipalID != "" || u.AccessKeyID != "") {
		u.Type, u.Trust, u.Source = "named", event.TrustClaimed, "rule" // by the operator's expressions alone
	}
	if v := m.eval(rules.Type); v != "" && u.Trust != event.TrustNone {
		u.Type = v
	}
	// Who failed to sign in is whoever they said they were.
	if m.request.status == 401 && u.Trust == event.TrustVerified {
		u.Trust = event.TrustClaimed
	}
}

// vouched tells whether the gateway itself has checked what this source says.
func (m *Mapper) vouched(s *identitySource) bool {
	q := &m.request
	switch s.kind {
	case "mtls.subject":
		return q.verified
	case "consumer":
		return q.checked.consumer
	case "remote_user", "user_id":
		return q.checked.user
	case "jwt": // not of a token that is only logged
		return q.checked.claims && q.field("jwt_claim_"+s.key) != ""
	case "k8s.user":
		return true
	}
	return false
}

// ask fills u from one source, if the record has it.
func (m *Mapper) ask(s *identitySource, u *event.Identity) bool {
	q := &m.request
	var name string
	switch s.kind {
	case "consumer":
		name, u.Type = q.consumer, "api-key"
	case "remote_user":
		name, u.Type = q.user, "basic"
	case "user_id":
		name, u.Type = q.userID, "basic"
	case "k8s.user":
		return m.askActor(u)
	case "mtls.subject":
		name, u.Type = q.clientDN, "mtls"
	case "header":
		name, u.Type = q.header(s.slot, s.key), "api-key"
	case "jwt":
		name, u.Type = m.claim(s.key), "jwt"
	case "api_key":
		if key := cmp.Or(q.credential("http_x_api_key"), q.credential("http_apikey")); key != "" {
			u.Type, u.AccessKeyID = "api-key", m.keyName(key)
			return true
		}
	}
	if name == "" {
		u.Type = "anonymous"
		return false
	}
	name = m.text.valid(name)
	if looksSecret(name) { // a token in the place of a name
		name = masked
	}
	u.UserName, u.PrincipalID = name, name
	if s.kind == "consumer" {
		u.PrincipalID = cmp.Or(m.text.valid(q.consumerID), u.PrincipalID)
		u.AccessKeyID = m.text.valid(q.consumerKey)
	}
	return true
}

// askActor fills u from what the record itself tells of who acted.
func (m *Mapper) askActor(u *event.Identity) bool {
	a := &m.request.told.actor
	if a.name == "" {
		return false
	}
	u.Type, u.UserName, u.PrincipalID, u.AccessKeyID = a.kind, m.text.valid(a.name), m.text.valid(cmp.Or(a.id, a.name)), m.text.valid(a.key)
	u.SessionAttributes, u.SessionIssuer, u.Extra = a.attributes, a.issuer, a.extra
	return true
}

// claim is a claim of the token of the request: one that the gateway logs by
// itself (jwt_claim_sub), or of a bearer token. Nobody has checked the signature.
func (m *Mapper) claim(name string) string {
	q := &m.request
	if v := q.field("jwt_claim_" + name); v != "" {
		return v
	}
	token, ok := cutPrefixFold(q.credential("http_authorization"), "bearer ")
	if !ok {
		return ""
	}
	_, rest, ok := strings.Cut(token, ".")
	if !ok {
		return ""
	}
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil {
		return ""
	}
	var claims map[string]any
	if json.Unmarshal(text, &claims) != nil {
		return ""
	}
	v, _ := claims[name].(string)
	return v
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}
