package mapper

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Slots of Keycloak's events in JSON.
const (
	keycloakMessage = iota
	keycloakStamp
	keycloakLogger
	keycloakID
	keycloakTime
	keycloakType
	keycloakRealm
	keycloakRealmName
	keycloakClient
	keycloakUser
	keycloakSession
	keycloakAddress
	keycloakError
	keycloakOperation
	keycloakResourceType
	keycloakResourcePath
	keycloakAuthRealm
	keycloakAuthClient
	keycloakAuthUser
	keycloakAuthAddress
	keycloakName
	keycloakCredential
	keycloakRedirect
	keycloakMethod
	keycloakCode
	keycloakProvider
	keycloakRepresentation
)

// keycloakForm is a line of the server's log in JSON (loggerName, message), and the
// EventRepresentation and AdminEventRepresentation of the admin API.
func keycloakForm() []wanted {
	return []wanted{
		keycloakMessage: {"message", plainBranch}, keycloakStamp: {"timestamp", plainBranch}, keycloakLogger: {"loggerName", plainBranch},
		keycloakID: {"id", plainBranch}, keycloakTime: {"time", plainBranch}, keycloakType: {"type", plainBranch},
		keycloakRealm: {"realmId", plainBranch}, keycloakRealmName: {"realmName", plainBranch}, keycloakClient: {"clientId", plainBranch},
		keycloakUser: {"userId", plainBranch}, keycloakSession: {"sessionId", plainBranch}, keycloakAddress: {"ipAddress", plainBranch}, keycloakError: {"error", plainBranch},
		keycloakOperation: {"operationType", plainBranch}, keycloakResourceType: {"resourceType", plainBranch}, keycloakResourcePath: {"resourcePath", plainBranch},
		keycloakAuthRealm: {"authDetails.realmId", plainBranch}, keycloakAuthClient: {"authDetails.clientId", plainBranch},
		keycloakAuthUser: {"authDetails.userId", plainBranch}, keycloakAuthAddress: {"authDetails.ipAddress", plainBranch},
		keycloakName: {"details.username", plainBranch}, keycloakCredential: {"details.credential_type", plainBranch}, keycloakRedirect: {"details.redirect_uri", plainBranch},
		keycloakMethod: {"details.auth_method", plainBranch}, keycloakCode: {"details.code_id", plainBranch}, keycloakProvider: {"details.identity_provider", plainBranch},
		keycloakRepresentation: {"representation", hiddenBranch},
	}
}

// keycloakEvent is a user's event (kind) or an administrator's (operation).
type keycloakEvent struct {
	kind, operation                                      string
	realm, realmName, client, user, session, ip, failure string
	resourceType, resourcePath                           string
	name, credential, redirect, method, code, provider   string
}

// keycloak reads user and admin events: lines of the listener jboss-logging with
// quotes around all values (since 22) or around few, the server's log in JSON, and
// the events of the admin API.
func keycloak(opt *Options) (reader, error) {
	if opt.LogFormat != "" {
		return nil, errOneForm
	}
	n := newNested(keycloakForm(), opt)
	object := readObject(n, func(m *Mapper, n *nested) error { return m.keycloakObject(n) })
	return func(m *Mapper, record []byte) error {
		if isObject(record) {
			return object(m, record)
		}
		line := view(record)
		at := keycloakBegin(line)
		if at < 0 {
			return errors.New("not an event of Keycloak: type= or operationType= is needed")
		}
		stamp, _, _ := strings.Cut(line[:at], " [")
		if len(stamp) < 23 {
			return errors.New("not an event of Keycloak: its line begins with no date and time")
		}
		return m.keycloakLine(stamp[:23], line[at:])
	}, nil
}

// keycloakBegin is where an event begins in a line, behind the thread that wrote it; -1: nowhere.
func keycloakBegin(line string) int {
	i := strings.Index(line, ") ")
	if i < 0 {
		return -1
	}
	if rest := line[i+2:]; strings.HasPrefix(rest, "type=") || strings.HasPrefix(rest, "operationType=") {
		return i + 2
	}
	return -1
}

// keycloakLine takes type=LOGIN, realmId=… of this time.
func (m *Mapper) keycloakLine(stamp, s string) error {
	q := &m.request
	var err error
	if q.time, err = m.clock.iso(stamp, m.opt.TimeZone); err != nil {
		return err
	}
	var e keycloakEvent
	if err = e.read(s, q); err != nil {
		return fmt.Errorf("an event of Keycloak: %w", err)
	}
	return m.keycloakTake(&e)
}

// errTwice refuses an event. What stands before the details is not quoted by old
// releases, and some of it is what a client sent.
var errTwice = errors.New("a field is there twice: a client has written one into another, and which is Keycloak's cannot be told")

// read takes the fields of a line. error is one only before the details, of which
// clients write some.
func (e *keycloakEvent) read(s string, q *request) error {
	var seen uint32 // a bit for each field
	details := false
	return pairs{", "}.each(s, q, func(key, value string) error {
		to, bit := e.field(key)
		if to == nil || details && key == "error" {
			details = details || to == nil
			q.fields = append(q.fields, field{key, value})
			return nil
		}
		if seen&(1<<bit) != 0 {
			return errTwice
		}
		if seen |= 1 << bit; value != "null" {
			*to = value
		}
		q.fields = append(q.fields, field{key, value})
		return nil
	})
}

// field is where a field goes, and its number; nil for a detail that is not read.
func (e *keycloakEvent) field(key string) (*string, int) {
	switch key {
	case "type":
		return &e.kind, 1
	case "operationType":
		return &e.operation, 2
	case "realmId":
		return &e.realm, 3
	case "realmName":
		return &e.realmName, 4
	case "clientId":
		return &e.client, 5
	case "userId":
		return &e.user, 6
	case "sessionId":
		return &e.session, 7
	case "ipAddress":
		return &e.ip, 8
	case "error":
		return &e.failure, 9
	case "resourceType":
		return &e.resourceType, 10
	case "resourcePath":
		return &e.resourcePath, 11
	case "username":
		return &e.name, 12
	case "credential_type":
		return &e.credential, 13
	case "redirect_uri":
		return &e.redirect, 14
	case "auth_method":
		return &e.method, 15
	case "code_id":
		return &e.code, 16
	case "identity_provider":
		return &e.provider, 17
	}
	return nil, 0
}

// keycloakObject takes an object, of any of the three kinds.
func (m *Mapper) keycloakObject(n *nested) error {
	q, v := &m.request, n.text
	if v[keycloakLogger] != "" {
		if !strings.HasPrefix(v[keycloakMessage], "type=") && !strings.HasPrefix(v[keycloakMessage], "operationType=") {
			return errors.New("a line of Keycloak's log that is no event")
		}
		return m.keycloakLine(v[keycloakStamp], v[keycloakMessage])
	}
	var err error
	if q.time, err = millis(v[keycloakTime]); err != nil {
		return err
	}
	e := keycloakEvent{
		kind: v[keycloakType], operation: v[keycloakOperation], realm: or(v[keycloakRealm], v[keycloakAuthRealm]), realmName: v[keycloakRealmName],
		client: or(v[keycloakClient], v[keycloakAuthClient]), user: or(v[keycloakUser], v[keycloakAuthUser]), session: v[keycloakSession], ip: or(v[keycloakAddress], v[keycloakAuthAddress]),
		failure: v[keycloakError], resourceType: v[keycloakResourceType], resourcePath: v[keycloakResourcePath], name: v[keycloakName], credential: v[keycloakCredential],
		redirect: v[keycloakRedirect], method: v[keycloakMethod], code: v[keycloakCode], provider: v[keycloakProvider],
	}
	if v[keycloakID] != "" {
		q.told.id = q.uuidOr("keycloak", v[keycloakID], v[keycloakTime])
	}
	return m.keycloakTake(&e)
}

// keycloakTake fills the request of m. The identity of what failed is what was
// typed: claimed. Only an administrator's is known then, too.
func (m *Mapper) keycloakTake(e *keycloakEvent) error {
	q := &m.request
	t := &q.told
	if e.kind == "" && e.operation == "" {
		return errors.New("not an event of Keycloak: type or operationType is needed")
	}
	t.service = "Keycloak"
	q.peer = e.ip
	a := &t.actor
	a.source, a.kind, a.name, a.id = sourceNative, "user", cmp.Or(e.name, e.user), e.user
	if strings.HasPrefix(a.name, "service-account-") {
		a.kind = "service-account"
	}
	if e.operation != "" {
		q.keycloakAdmin(m, e)
	} else {
		q.keycloakUser(m, e)
		a.claimed = t.errorCode != ""
	}
	if t.action == "" {
		return errors.New("an event of Keycloak whose type is no name")
	}
	q.session.client = e.client
	q.add(factRealm, cmp.Or(e.realmName, e.realm))
	q.add(factSession, or(e.session, e.code))
	q.add(factMethod, or(e.provider, e.method))
	q.add(factCallback, e.redirect)
	return nil
}

// keycloakUser names the event of a user.
func (q *request) keycloakUser(m *Mapper, e *keycloakEvent) {
	t := &q.told
	kind, failed := strings.CutSuffix(e.kind, "_ERROR")
	if failed || e.failure != "" {
		t.errorCode, t.errorMessage = or(m.named(e.failure), "Failed"), e.failure
	}
	switch kind {
	case "LOGIN":
		q.signin(t.errorCode, t.errorMessage)
		q.add(factMFA, keycloakMFA(e.credential))
	case "LOGOUT":
		q.signout()
	default:
		q.done(keycloakAccount(kind, e.credential), keycloakRW(kind))
		if t.action == "" {
			t.action = m.named(kind)
		}
	}
}

// keycloakMFA tells whether a second factor was used. The event names the last
// credential, and not always: what is not named is not known.
func keycloakMFA(credential string) string {
	switch credential {
	case "otp", "totp", "hotp", "webauthn", "webauthn-passwordless", "recovery-authn-codes":
		return "true"
	}
	return ""
}

// keycloakAccount is the name that accounts' events have in all systems.
func keycloakAccount(kind, credential string) string {
	second := keycloakMFA(credential) != ""
	switch {
	case kind == "UPDATE_TOTP", kind == "UPDATE_CREDENTIAL" && second:
		return "MFABind"
	case kind == "REMOVE_TOTP", kind == "REMOVE_CREDENTIAL" && second:
		return "MFAUnbind"
	case kind == "UPDATE_PASSWORD", kind == "UPDATE_CREDENTIAL" && credential == "password":
		return "PasswordModify"
	case kind == "RESET_PASSWORD":
		return "PasswordReset"
	case kind == "UPDATE_EMAIL":
		return "EmailModify"
	case kind == "REGISTER":
		return "AccountReg"
	}
	return ""
}

func keycloakRW(kind string) string {
	switch kind {
	case "USER_INFO_REQUEST", "INTROSPECT_TOKEN", "VALIDATE_ACCESS_TOKEN", "CLIENT_INFO":
		return event.Read
	}
	return event.Write
}

// keycloakAdmin names the event of an administrator: CREATE of a USER is CreateUser. An
// ACTION is called by the end of its path.
func (q *request) keycloakAdmin(m *Mapper, e *keycloakEvent) {
	t := &q.told
	what := m.named(e.resourceType)
	name := m.named(e.operation)
	if name == "Action" {
		end := e.resourcePath[strings.LastIndexByte(e.resourcePath, '/')+1:]
		switch {
		case end == "reset-password":
			name, what = "PasswordReset", ""
		case end != "" && isSafeWord(end) && !strings.ContainsAny(end, "0123456789"):
			name, what = m.named(end), ""
		}
	}
	if name != "" {
		name += what
	}
	q.done(name, event.Write)
	t.resourceType, t.resourceName = q.joined("Keycloak", "::", or(m.named(e.resourceType), "Resource")), e.resourcePath
	if e.failure != "" {
		t.errorCode, t.errorMessage = or(m.named(e.failure), "Failed"), e.failure
	}
}

// isKeycloakLine tells whether a line is of the log of Keycloak's events. The
// category may be cut to some letters: [org.key.events].
func isKeycloakLine(s string) bool {
	open := strings.IndexByte(s, '[')
	at := keycloakBegin(s)
	if open < 23 || at < open || open > 64 {
		return false
	}
	category, _, ok := cut(s[open+1:at], ']')
	return ok && strings.HasPrefix(category, "org.k") && strings.HasSuffix(category, "events")
}
