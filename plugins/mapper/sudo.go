package mapper

import (
	"errors"
	"strings"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Facts of sudo and su.
var (
	factCommand  = newKey("command")
	factTerminal = newKey("terminal")
	factFolder   = newKey("workingDirectory")
	factTarget   = newKey("targetUser")
)

var errSudoTwice = errors.New("USER or COMMAND is there twice: the caller has written one into the name of a folder or a command, and which is sudo's cannot be told")

// sudo takes "USER : [reason ; ]TTY=… ; PWD=… ; USER=… ; COMMAND=…" (sudo lib/eventlog).
// Who may act as somebody else has the form of sessions of roles.
func (q *request) sudo(s string) error {
	who, rest, ok := strings.Cut(s, " : ")
	if !ok || strings.IndexByte(who, '(') >= 0 { // pam_unix(sudo:session)
		return plugins.ErrIgnored
	}
	t := &q.told
	t.service = "Sudo"
	q.done("RunCommand", event.Write)
	q.localUser(strings.TrimSpace(who), false)
	head, command, found := strings.Cut(rest, " ; COMMAND=")
	if !found || strings.Count(" ; "+head, " ; USER=") > 1 || strings.Contains(command, " ; COMMAND=") {
		if found {
			return errSudoTwice
		}
		return plugins.ErrIgnored
	}
	as, reason := "", ""
	for more := true; more; {
		var part string
		part, head, more = strings.Cut(head, " ; ")
		key, value, _ := cut(part, '=')
		switch key {
		case "TTY":
			q.add(factTerminal, value)
		case "PWD":
			q.add(factFolder, value)
		case "USER":
			as = value
		case "GROUP", "TSID", "ENV", "HOST", "CHROOT", "CWD":
		default:
			if reason == "" && t.resourceName == "" {
				reason = part
			}
		}
	}
	t.resourceType = "Sudo::Command"
	t.resourceName, _, _ = cut(command, ' ')
	q.add(factCommand, command)
	if reason == "" {
		q.session.role, q.session.roleType = as, "user"
		return nil
	}
	q.add(factTarget, as)
	t.errorMessage = reason
	switch {
	case strings.Contains(reason, "incorrect password"):
		t.errorCode, t.actor.claimed = "IncorrectPassword", true
	case strings.Contains(reason, "password is required"):
		t.errorCode, t.actor.claimed = "PasswordRequired", true
	case strings.Contains(reason, "NOT in sudoers"), strings.Contains(reason, "NOT authorized"):
		t.errorCode = "NotInSudoers"
	case strings.Contains(reason, "command not allowed"):
		t.errorCode = "NotAllowed"
	default:
		t.errorCode = "Failed"
	}
	return nil
}

// su takes "(to root) alice on pts/0", of which a failure has FAILED SU before it.
func (q *request) su(s string) error {
	rest, failed := strings.CutPrefix(s, "FAILED SU ")
	rest, ok := strings.CutPrefix(rest, "(to ")
	as, rest, closed := strings.Cut(rest, ") ")
	who, terminal, on := strings.Cut(rest, " on ")
	if !ok || !closed || !on {
		return plugins.ErrIgnored
	}
	q.told.service = "Su"
	q.done("SwitchUser", event.Write)
	q.localUser(who, failed)
	q.add(factTerminal, terminal)
	if failed {
		q.add(factTarget, as)
		q.told.errorCode, q.told.errorMessage = "AuthenticationFailed", "su to another user failed"
		return nil
	}
	q.session.role, q.session.roleType = as, "user"
	return nil
}
