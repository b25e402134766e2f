package mapper

import (
	"strings"

	"github.com/actiontrail/actiontrail/event"

	"github.com/actiontrail/actiontrail/plugins"
)

var factPort = newKey("clientPort")

// sshd takes what OpenSSH's server writes (auth.c auth_log, packet.c sshpkt_vfatal,
// pam_unix). Names of users are whatever a client sent, spaces and all: what the
// server itself writes behind them is looked for from the end.
//
// A sign-in is what it writes once an attempt: Accepted, or Failed. Partial is one
// factor of several; whether Accepted had others before it the line does not say.
// A sign-out is the end of the session that PAM opened.
func (q *request) sshd(s string) error {
	q.told.service = "Ssh"
	s = strings.TrimSuffix(s, " [preauth]")
	s = strings.TrimPrefix(s, "error: ")
	if rest, ok := strings.CutPrefix(s, "pam_unix(sshd:session): session closed for user "); ok {
		q.signout()
		q.localUser(rest, false)
		return nil
	}
	first, rest, _ := cut(s, ' ')
	switch first {
	case "Accepted":
		return q.sshdAccepted(rest)
	case "Failed", "Partial":
		return q.sshdTried(first, rest)
	case "Invalid":
		if rest, ok := strings.CutPrefix(rest, "user "); ok && q.sshdUser(rest, " from ") {
			return q.refused("RejectUser", "InvalidUser", "no such user")
		}
	case "User":
		name, why, ok := strings.Cut(rest, " not allowed because ")
		if ok && q.sshdUser(name, " from ") {
			return q.refused("RejectUser", "NotAllowed", why)
		}
	case "maximum":
		if rest, ok := strings.CutPrefix(rest, "authentication attempts exceeded for "); ok && q.sshdUser(strings.TrimPrefix(rest, "invalid user "), " from ") {
			return q.refused("ExceedSigninAttempts", "TooManyAttempts", "maximum authentication attempts exceeded")
		}
	case "Connection", "Disconnected":
		for _, of := range [...]string{"authenticating user ", "invalid user "} {
			if how, rest, ok := strings.Cut(s, of); ok && len(how) < len("Connection closed by  ") && q.sshdUser(rest, " ") {
				return q.refused("AbandonSignin", "NotAuthenticated", strings.TrimSuffix(strings.TrimSuffix(how, "by "), " "))
			}
		}
	case "subsystem":
		if rest, ok := strings.CutPrefix(rest, "request for "); ok {
			name, rest, _ := strings.Cut(rest, " by user ")
			if user, _, _ := cut(rest, ' '); user != "" {
				q.done("StartSubsystem", event.Write)
				q.told.resourceType, q.told.resourceName = "Ssh::Subsystem", name
				q.localUser(user, false)
				return nil
			}
		}
	}
	return plugins.ErrIgnored // connections in which nobody said who they are, and the server's own affairs
}

// sshdAccepted takes METHOD for USER from ADDRESS port N ssh2: TYPE SHA256:….
func (q *request) sshdAccepted(s string) error {
	method, rest, ok := strings.Cut(s, " for ")
	user, rest, from := strings.Cut(rest, " from ")
	rest, key, _ := strings.Cut(rest, ": ")
	if !ok || !from || !q.sshdPeer(rest) {
		return plugins.ErrIgnored
	}
	q.signin("", "")
	q.localUser(user, false)
	q.add(factMethod, method)
	if kind, print, ok := cut(key, ' '); ok {
		print, _, _ = cut(print, ' ')
		q.told.actor.key = print
		q.add(factKey, kind)
	}
	return nil
}

var factKey = newKey("keyType")

// sshdTried takes METHOD for [invalid user ]USER from ADDRESS port N ssh2.
func (q *request) sshdTried(how, s string) error {
	method, rest, ok := strings.Cut(s, " for ")
	if !ok || method == "none" { // asked which methods there are
		return plugins.ErrIgnored
	}
	rest, unknown := strings.CutPrefix(rest, "invalid user ")
	if !q.sshdUser(rest, " from ") {
		return plugins.ErrIgnored
	}
	q.add(factMethod, method)
	switch {
	case how == "Partial":
		q.done("PassSigninFactor", event.Write)
	case unknown:
		q.signin("InvalidUser", "no such user")
	default:
		q.signin("AuthenticationFailed", q.joined("failed", " ", method))
	}
	return nil
}

// sshdUser takes USER, a separator, and ADDRESS port N from the end.
func (q *request) sshdUser(s, separator string) bool {
	at := strings.LastIndex(s, " port ")
	if at < 0 { // old releases
		at = len(s)
	}
	from := strings.LastIndex(s[:at], separator)
	if from < 0 || !q.sshdPeer(s[from+len(separator):]) {
		return false
	}
	q.localUser(s[:from], true)
	return true
}

// sshdPeer takes ADDRESS port N, and more.
func (q *request) sshdPeer(s string) bool {
	peer, rest, _ := cut(s, ' ')
	if rest, ok := strings.CutPrefix(rest, "port "); ok {
		port, _, _ := cut(rest, ' ')
		q.add(factPort, port)
	}
	q.peer = peer
	return peer != ""
}

// localUser is a user of the machine. Of whom nobody has said so yet: claimed.
func (q *request) localUser(name string, claimed bool) {
	a := &q.told.actor
	a.source, a.kind, a.name, a.claimed = sourceNative, "user", name, claimed
}

// refused says what came of an attempt that is no sign-in of its own.
func (q *request) refused(action, code, why string) error {
	q.done(action, event.Write)
	q.told.errorCode, q.told.errorMessage = code, why
	return nil
}
