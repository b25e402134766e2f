package mapper

import "github.com/actiontrail/actiontrail/event"

// session is what a record says of the session that a call was made in, beside
// who made it. Dialects fill it from what the gateway knows, and a token's claims
// do. Texts are as they came.
type session struct {
	role     string       // in whose name and with whose rights the caller acted: the impersonated user, the subject of a token exchange
	roleType string       // what the role is; empty: not known
	roleID   string       // its stable id; empty: its name
	account  string       // of the role
	groups   event.Object // of the role: an array of strings in JSON, as events have them; empty: not known
	allowed  string       // the permission that let the caller have the role
	client   string       // the program that the session was given to
	issuer   string       // who gave it
	mfa      string       // "true" or "false"; empty: not known, which is not false
	created  string       // RFC 3339 in UTC
}

// isEmpty tells that nothing is known of a session, as of nearly all.
func (s *session) isEmpty() bool {
	return len(s.role)|len(s.roleType)|len(s.roleID)|len(s.account)|len(s.groups)|len(s.allowed)|len(s.client)|len(s.issuer)|len(s.mfa)|len(s.created) == 0
}

// Keys of userIdentity.sessionContext, in their order.
var (
	keyActor   = newKey("actor")
	keyClient  = newKey("clientId")
	keyCreated = newKey("creationDate")
	keyAllowed = newKey("impersonationConstraint")
	keyIssuer  = newKey("issuer")
	keyMFA     = newKey("mfaAuthenticated")

	keyAccountID   = newKey("accountId")
	keyGroups      = newKey("groups")
	keyPrincipalID = newKey("principalId")
	keyType        = newKey("type")
	keyUserName    = newKey("userName")
)

// inSession fills userIdentity.sessionContext. Who acted with the rights of
// somebody else has the names role:caller, as sessions of roles have, and both
// stand by themselves, too: the role as the session's issuer, the caller as its actor.
func (m *Mapper) inSession(u *event.Identity) {
	s := &m.request.session
	if s.isEmpty() {
		return
	}
	attributes, issuer := &m.attributes, &m.issuer
	attributes.reset()
	issuer.reset()
	if s.role != "" {
		role := m.nameText(s.role)
		id := role
		if s.roleID != "" {
			id = m.nameText(s.roleID)
		}
		attributes.put(keyActor, u.UserName)
		if s.account != "" {
			issuer.put(keyAccountID, m.nameText(s.account))
		}
		if s.groups != "" {
			issuer.putJSON(keyGroups, s.groups)
		}
		issuer.put(keyPrincipalID, id)
		if s.roleType != "" {
			issuer.put(keyType, s.roleType)
		}
		issuer.put(keyUserName, role)
		u.Type = "assumed-role"
		u.UserName, u.PrincipalID = role+":"+u.UserName, id+":"+u.PrincipalID
	}
	if s.client != "" {
		attributes.put(keyClient, m.nameText(s.client))
	}
	if s.created != "" {
		attributes.put(keyCreated, s.created)
	}
	if s.allowed != "" {
		attributes.put(keyAllowed, m.nameText(s.allowed))
	}
	if s.issuer != "" {
		attributes.put(keyIssuer, m.nameText(s.issuer))
	}
	if s.mfa != "" {
		attributes.put(keyMFA, s.mfa)
	}
	u.SessionAttributes, u.SessionIssuer = attributes.object(), issuer.object()
}
