package mapper

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Slots of the entries of Vault's audit.
const (
	vaultTime = iota
	vaultType
	vaultError
	vaultEntity
	vaultDisplay
	vaultAccessor
	vaultTokenType
	vaultPolicies
	vaultID
	vaultOperation
	vaultPath
	vaultMount
	vaultMountPoint
	vaultNamespace
	vaultAddress
	vaultHeaders
	vaultReplyMount
	vaultReplyError
	vaultNewEntity
	vaultNewDisplay
	vaultNewAccessor
	vaultNewType
	vaultMFA
	vaultData
	vaultReplyData
	vaultToken
	vaultNewToken
	vaultClientToken
)

// vaultForm is an entry of audit/types.go in hashicorp/vault. Of what requests and
// responses hold nothing is read: strings in it are hashed, other values are not.
func vaultForm() []wanted {
	return []wanted{
		vaultTime: {"time", plainBranch}, vaultType: {"type", plainBranch}, vaultError: {"error", plainBranch},
		vaultEntity: {"auth.entity_id", plainBranch}, vaultDisplay: {"auth.display_name", plainBranch}, vaultAccessor: {"auth.accessor", plainBranch},
		vaultTokenType: {"auth.token_type", plainBranch}, vaultPolicies: {"auth.policies", plainBranch},
		vaultID: {"request.id", plainBranch}, vaultOperation: {"request.operation", plainBranch}, vaultPath: {"request.path", plainBranch},
		vaultMount: {"request.mount_type", plainBranch}, vaultMountPoint: {"request.mount_point", plainBranch}, vaultNamespace: {"request.namespace.path", plainBranch},
		vaultAddress: {"request.remote_address", plainBranch}, vaultHeaders: {"request.headers", headersBranch},
		vaultReplyMount: {"response.mount_type", plainBranch}, vaultReplyError: {"response.data.error", plainBranch},
		vaultNewEntity: {"response.auth.entity_id", plainBranch}, vaultNewDisplay: {"response.auth.display_name", plainBranch},
		vaultNewAccessor: {"response.auth.accessor", plainBranch}, vaultNewType: {"response.auth.token_type", plainBranch},
		vaultMFA:  {"response.auth.mfa_requirement", rawBranch},
		vaultData: {"request.data", hiddenBranch}, vaultReplyData: {"response.data", hiddenBranch},
		vaultToken: {"auth.client_token", hiddenBranch}, vaultNewToken: {"response.auth.client_token", hiddenBranch}, vaultClientToken: {"request.client_token", hiddenBranch},
	}
}

// vault reads Vault's audit, one act an event: the record of the response, which
// holds the request once more. That of a request is left out, as Vault answers
// nobody before it has written the response down. What comes without one (Vault was
// killed between the two, or a control group has to agree first) is there when the
// log_format says requests: then the requests' records count, and the responses'
// are left out, with the outcomes. Either way each act is told once, whatever was
// read before and wherever reading began again.
func vault(opt *Options) (reader, error) {
	want := "response"
	switch opt.LogFormat {
	case "", "responses":
	case "requests":
		want = "request"
	default:
		return nil, errors.New(`of Vault log_format says which record of an act counts: "responses", or "requests"`)
	}
	v := &vaultReader{nested: newNested(vaultForm(), opt), want: want}
	return readObject(v.nested, func(m *Mapper, _ *nested) error { return v.take(m) }), nil
}

// vaultReader is the reader of one source.
type vaultReader struct {
	*nested
	want string // type of the records that count
}

func (r *vaultReader) take(m *Mapper) error {
	q, v := &m.request, r.text
	if v[vaultType] != "request" && v[vaultType] != "response" || v[vaultPath] == "" && v[vaultID] == "" {
		return errors.New("not an entry of Vault's audit: type and request are needed")
	}
	if v[vaultType] != r.want {
		return plugins.ErrIgnored
	}
	var err error
	if q.time, err = m.clock.iso(v[vaultTime], m.opt.TimeZone); err != nil {
		return fmt.Errorf("time: %w", err)
	}
	path, mount := v[vaultPath], or(v[vaultMount], v[vaultReplyMount])
	q.peer, q.requestID = v[vaultAddress], v[vaultID]
	q.add(factNamespace, strings.TrimSuffix(v[vaultNamespace], "/"))
	q.add(factMount, v[vaultMountPoint])
	q.add(factPolicies, v[vaultPolicies])
	t := &q.told
	t.service = "Vault"
	t.id = q.hashedID("vault", v[vaultType], v[vaultID], v[vaultOperation], path)
	t.resourceType, t.resourceName = q.joined("Vault", "::", or(m.named(mount), "Path")), path
	if code, why := vaultFailure(cmp.Or(v[vaultError], v[vaultReplyError])); code != "" {
		t.errorCode, t.errorMessage = code, why
	}
	r.actor(q, v[vaultEntity], v[vaultDisplay], v[vaultAccessor], v[vaultTokenType])
	switch login := vaultLogin(path, mount); {
	case login == loginPerson && v[vaultMFA] != "" && t.errorCode == "":
		q.done("PassSigninFactor", event.Write) // the second is still to come, by sys/mfa/validate
		r.signedIn(q, path)
	case login == loginPerson, path == "sys/mfa/validate":
		q.signin(t.errorCode, t.errorMessage)
		if path == "sys/mfa/validate" {
			q.add(factMFA, "true")
		}
		r.signedIn(q, path)
	case login == loginMachine:
		q.done(vaultAction(m, v[vaultOperation], path, mount), event.Write)
		r.signedIn(q, path)
	case path == "auth/token/revoke-self" && t.errorCode == "":
		q.signout()
	default:
		q.done(vaultAction(m, v[vaultOperation], path, mount), vaultRW(v[vaultOperation]))
	}
	if t.action == "" {
		return errors.New("an entry of Vault's audit whose operation is no name")
	}
	return nil
}

// Facts of Vault.
var (
	factNamespace = newKey("namespace")
	factMount     = newKey("mount")
	factPolicies  = newKey("policies")
)

// actor takes the token that a request came with. The accessor is a name of it, if
// it is hashed, as it is unless the device was told otherwise.
func (r *vaultReader) actor(q *request, entity, display, accessor, kind string) {
	a := &q.told.actor
	a.source, a.kind, a.id, a.name = sourceEntity, "token", entity, or(display, entity)
	if strings.HasPrefix(accessor, "hmac-sha256:") {
		a.key = accessor
	}
	if kind == "batch" {
		a.kind = "batch-token"
	}
}

// signedIn takes whom Vault gave a token; of whom it gave none, the name that was typed.
func (r *vaultReader) signedIn(q *request, path string) {
	v := r.text
	if q.told.errorCode == "" && or(v[vaultNewDisplay], v[vaultNewEntity]) != "" {
		r.actor(q, v[vaultNewEntity], v[vaultNewDisplay], v[vaultNewAccessor], v[vaultNewType])
		return
	}
	if _, name, ok := strings.Cut(path, "/login/"); ok && q.told.actor.name == "" {
		a := &q.told.actor
		a.kind, a.name, a.claimed = "user", name, true
	}
	if q.told.errorCode != "" {
		q.told.actor.claimed = true
	}
}

type login uint8

const (
	loginNone login = iota
	loginPerson
	loginMachine
)

// vaultLogin tells whether a request signs in, and whether that is a person: by the
// type of the method, or where an old release does not write it, by its path, which
// is the type's name unless an operator chose another.
func vaultLogin(path, mount string) login {
	rest, ok := strings.CutPrefix(path, "auth/")
	method, rest, more := cut(rest, '/')
	if !ok || !more {
		return loginNone
	}
	first, _, _ := cut(rest, '/')
	callback := rest == "oidc/callback" || rest == "callback"
	if first != "login" && !callback {
		return loginNone
	}
	switch or(mount, method) {
	case "userpass", "ldap", "okta", "radius", "github", "saml", "kerberos":
		return loginPerson
	case "oidc", "jwt":
		if callback {
			return loginPerson
		}
	}
	return loginMachine
}

// vaultFailure is the code of an error, which Vault has as text: of several lines
// ("1 error occurred: * permission denied") the known part counts.
func vaultFailure(s string) (code, why string) {
	if s == "" {
		return "", ""
	}
	for _, known := range [...][2]string{
		{"permission denied", "PermissionDenied"}, {"invalid username or password", "InvalidCredentials"}, {"invalid role", "InvalidCredentials"}, {"ldap operation failed", "InvalidCredentials"},
		{"failed to satisfy enforcement", "MFAFailed"}, {"mfa", "MFAFailed"}, {"missing client token", "MissingToken"}, {"bad token", "InvalidToken"},
		{"unsupported path", "UnsupportedPath"}, {"unsupported operation", "UnsupportedOperation"}, {"no handler for route", "NoHandler"},
		{"quota exceeded", "QuotaExceeded"}, {"sealed", "Sealed"}, {"invalid request", "InvalidRequest"}, {"context canceled", "Canceled"},
	} {
		if strings.Contains(s, known[0]) {
			return known[1], s
		}
	}
	return "Failed", s
}

func vaultRW(operation string) string {
	switch operation {
	case "read", "list", "help", "header", "alias-lookahead", "resolve-role":
		return event.Read
	}
	return event.Write
}

// vaultAction is the operation and what it was upon: ReadSecret, UpdateTransitEncrypt,
// CreateSysPolicies. Behind the mount the first word counts, if an engine has it and
// no user: what follows are names.
func vaultAction(m *Mapper, operation, path, mount string) string {
	verb := m.named(operation)
	if verb == "" {
		return ""
	}
	parts := strings.SplitN(path, "/", 5)
	at := func(i int) string {
		if i < len(parts) {
			return parts[i]
		}
		return ""
	}
	switch {
	case parts[0] == "sys":
		switch first := at(1); first {
		case "leases", "policies", "wrapping", "internal", "config", "plugins", "mfa", "storage", "replication", "tools", "generate-root", "rekey", "rotate", "seal-status":
			return verb + "Sys" + m.named(first) + vaultWord(m, at(2))
		default:
			return verb + "Sys" + vaultWord(m, first)
		}
	case parts[0] == "auth" && len(parts) > 2:
		return verb + m.named(or(mount, "auth")) + vaultWord(m, at(2))
	case parts[0] == "identity", parts[0] == "cubbyhole":
		if parts[0] == "cubbyhole" {
			return verb + "Cubbyhole"
		}
		return verb + "Identity" + vaultWord(m, at(1))
	case mount == "kv" || mount == "generic" || mount == "":
		switch at(1) {
		case "metadata", "delete", "undelete", "destroy", "subkeys":
			return verb + "Secret" + m.named(at(1))
		}
		return verb + "Secret"
	}
	return verb + m.named(mount) + vaultWord(m, at(1))
}

// vaultWord is a word of an interface as a name: letters and hyphens alone.
func vaultWord(m *Mapper, s string) string {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return ""
		}
	}
	if len(s) > 24 {
		return ""
	}
	return m.named(s)
}
