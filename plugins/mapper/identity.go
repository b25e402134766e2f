package mapper

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Identity says who acted: the first of Order that the record has, and how far
// that is to be trusted.
type Identity struct {
	Order       []string          // nil: DefaultOrder
	Trust       map[string]string // by source: verified or claimed; what is not here is claimed, unless the gateway says that it checked
	TrustedFrom []netip.Prefix    // proxies that set the headers of Order themselves, whatever a client sends: from them, and from nobody else, headers are verified
	Type        *Expr             // of whoever is not anonymous; nil: what the source is (basic, jwt, mtls, api-key)
	UserName    *Expr             // nil: what the source gives
	PrincipalID *Expr             // nil: the same
	AccountID   *Expr
	AccessKeyID *Expr
}

// toldClaim begins the names of fields in which gateways tell the claims of a token.
const toldClaim = "jwt_claim_"

// Sources of identity, in the order that they are asked in when nothing is said.
// header:<name> and jwt.<claim> are also known.
func DefaultOrder() []string {
	return []string{"k8s.user", "native", "consumer", "user_id", "jwt.sub", "mtls.subject", "api_key", "remote_user"}
}

type identity struct {
	Identity
	sources []identitySource
}

// sourceKind is how a source is asked.
type sourceKind uint8

const (
	byActor sourceKind = iota
	byConsumer
	byUserID
	byClaim
	byCertificate
	byKey
	byRemoteUser
	byHeader
)

type identitySource struct {
	name string // userIdentity.source
	kind sourceKind
	key  string // claim or header
	told string // field in which a gateway tells the claim
	slot slot   // of a header
	// verified when it comes from a peer of TrustedFrom
	byPeer bool
	trust  string
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
		s := identitySource{name: name, trust: event.TrustClaimed}
		switch {
		case slices.Contains(actorSources(), name):
			s.kind = byActor
		case name == "consumer":
			s.kind = byConsumer
		case name == "user_id":
			s.kind = byUserID
		case name == "mtls.subject":
			s.kind = byCertificate
		case name == "api_key":
			s.kind = byKey
		case name == "remote_user":
			s.kind = byRemoteUser
		case strings.HasPrefix(name, "jwt.") && len(name) > len("jwt."):
			s.kind, s.key = byClaim, name[len("jwt."):]
			s.told = toldClaim + s.key
		case strings.HasPrefix(name, "header:") && len(name) > len("header:"):
			s.kind, s.key = byHeader, headerKey(name[len("header:"):])
			s.slot = headerSlot(s.key)
			if isSecretHeader(s.key) {
				return identity{}, fmt.Errorf("identity: %s is a secret, not a name: use jwt.<claim> or api_key", name)
			}
		default:
			return identity{}, fmt.Errorf("identity: source %q is not known: k8s.user, native, accesskey, token.entity, consumer, user_id, jwt.<claim>, mtls.subject, api_key, remote_user or header:<name>", name)
		}
		switch trust := i.Trust[name]; trust {
		case "":
		case event.TrustVerified, event.TrustClaimed:
			s.trust = trust
			if s.kind == byHeader && trust == event.TrustVerified && len(i.TrustedFrom) == 0 {
				return identity{}, fmt.Errorf("identity: %s is what a client sends: name the proxies that set it and strip it from clients with trusted_from", name)
			}
		default:
			return identity{}, fmt.Errorf("identity: trust of %s is %q: write verified or claimed", name, trust)
		}
		if s.kind == byHeader {
			s.byPeer, s.trust = i.Trust[name] != event.TrustClaimed && len(i.TrustedFrom) > 0, event.TrustClaimed
		}
		c.sources = append(c.sources, s)
	}
	if len(i.TrustedFrom) > 0 && !slices.ContainsFunc(c.sources, func(s identitySource) bool { return s.kind == byHeader }) {
		return identity{}, fmt.Errorf("identity: trusted_from is for header:<name>, which is not in its order")
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
	claims, keys := m.request.credentials()
	source := -1
	for i := range rules.sources {
		s := &rules.sources[i]
		if s.kind == byClaim && !claims || s.kind == byKey && !keys {
			continue
		}
		if m.ask(s, u) {
			source = i
			u.Source, u.Trust = s.name, s.trust
			if s.kind == byActor {
				u.Source = or(m.request.told.actor.source, s.name)
			}
			if m.vouched(s) {
				u.Trust = event.TrustVerified
			}
			if s.kind == byClaim {
				m.claimedSession(s, u)
			}
			m.inSession(u)
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
	if u.Trust == event.TrustVerified && m.refused(e) {
		u.Trust = event.TrustClaimed
	}
	m.kinds.Who = m.whoKind(source, u)
}

// refused tells whether the caller failed to prove who they are: then they are
// whoever they said they were.
func (m *Mapper) refused(e *event.Event) bool {
	q := &m.request
	return q.status == 401 || q.status == 407 || q.checked.failed || e.Type == event.TypeConsoleSignin && e.ErrorCode != ""
}

// vouched tells whether the gateway itself has checked what this source says.
func (m *Mapper) vouched(s *identitySource) bool {
	q := &m.request
	switch s.kind {
	case byCertificate:
		return q.verified
	case byConsumer:
		return q.checked.consumer
	case byRemoteUser, byUserID:
		return q.checked.user
	case byHeader:
		return s.byPeer && m.peerIn(m.rules.identity.TrustedFrom)
	case byClaim: // not of a token that is only logged
		return q.checked.claims && q.field(s.told) != ""
	case byActor:
		return !q.told.actor.claimed
	}
	return false
}

// ask fills u from one source, if the record has it.
func (m *Mapper) ask(s *identitySource, u *event.Identity) bool {
	q := &m.request
	var name string
	switch s.kind {
	case byConsumer:
		name, u.Type = q.consumer, "api-key"
	case byRemoteUser:
		name, u.Type = q.user, "basic"
	case byUserID:
		name, u.Type = q.userID, "basic"
	case byActor:
		return m.askActor(s, u)
	case byCertificate:
		name, u.Type = q.clientDN, "mtls"
	case byHeader:
		name, u.Type = q.header(s.slot, s.key), "api-key"
	case byClaim:
		name, u.Type = m.claim(s), "jwt"
	case byKey:
		if key := cmp.Or(q.credential("http_x_api_key"), q.credential("http_apikey"), opaqueToken(q.credential("http_authorization"))); key != "" {
			u.Type, u.AccessKeyID = "api-key", m.keys.name(key)
			return true
		}
	}
	if name == "" {
		u.Type = "anonymous"
		return false
	}
	name = m.nameText(name)
	u.UserName, u.PrincipalID = name, name
	if s.kind == byConsumer {
		u.PrincipalID = or(m.nameText(q.consumerID), u.PrincipalID)
		u.AccessKeyID = m.nameText(q.consumerKey)
	}
	return true
}

// Sources of identity in the records of systems that write an audit log of their own,
// besides sourceNative: whatever such a record tells where that has no name.
const (
	sourceKube      = "k8s.user"
	sourceAccessKey = "accesskey"
	sourceEntity    = "token.entity"
)

func actorSources() []string {
	return []string{sourceKube, sourceNative, sourceAccessKey, sourceEntity}
}

// askActor fills u from what the record itself tells of who acted. The source
// native stands for each of them.
func (m *Mapper) askActor(s *identitySource, u *event.Identity) bool {
	a := &m.request.told.actor
	if a.name == "" || s.name != sourceNative && s.name != or(a.source, sourceKube) {
		return false
	}
	u.Type, u.UserName, u.PrincipalID, u.AccessKeyID = a.kind, m.nameText(a.name), m.nameText(or(a.id, a.name)), m.nameText(a.key)
	u.Extra = a.extra
	return true
}

// nameText is a name as it may be seen: tokens are sent in the place of names, too.
// A name of parts with colons between them is looked at part by part, or those of
// system:serviceaccount:secret-store:driver would hide one another.
func (m *Mapper) nameText(name string) string {
	if name == "" {
		return ""
	}
	rest, ok := strings.CutPrefix(name, serviceAccount)
	if !ok {
		return m.unlessSecret(name)
	}
	for more := true; more; {
		var part string
		if part, rest, more = cut(rest, ':'); looksSecret(part) || hidesSecret(part) {
			return masked
		}
	}
	return m.text.valid(name)
}

// serviceAccount begins the names of Kubernetes' service accounts.
const serviceAccount = "system:serviceaccount:"

// opaqueToken is a bearer token that is no JWT: an API key under another name.
func opaqueToken(credentials string) string {
	token, ok := cutPrefixFold(credentials, "bearer ")
	if !ok || len(token) < leastToken || strings.IndexByte(token, '.') >= 0 {
		return ""
	}
	return token
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}
