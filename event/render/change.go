package render

import (
	"strings"
	"unicode"

	"github.com/actiontrail/actiontrail/event"
)

// change is what a call does to its resource.
type change uint8

const (
	changeUnknown change = iota // it writes; nothing tells what
	changeRead
	changeCreate
	changeUpdate
	changeDelete
)

// changeOf is read off eventRW, then off the verb that the name of the action begins with
// (CreateUser, delete-user) or, of names with dots, ends with (orders.create), then off the method.
func changeOf(e *event.Event, method string) change {
	if e.RW == event.Read {
		return changeRead
	}
	name := e.Name[strings.LastIndexAny(e.Name, "./: ")+1:]
	if c, ok := verbs[firstWord(name)]; ok {
		return c
	}
	if c, ok := verbs[firstWord(e.Name)]; ok {
		return c
	}
	switch method {
	case "PUT", "PATCH":
		return changeUpdate
	case "DELETE":
		return changeDelete
	}
	return changeUnknown
}

// firstWord is the first word of a name in lower case: of CreateUser, createUser, CREATE_USER and create-user it is create.
func firstWord(name string) string {
	var before rune
	for i, r := range name {
		if i > 0 && (unicode.IsUpper(r) && !unicode.IsUpper(before) || !unicode.IsLetter(r)) {
			name = name[:i]
			break
		}
		before = r
	}
	return strings.ToLower(name)
}

// verbs are those whose meaning does not depend on the service. Never changed.
var verbs = map[string]change{
	"add": changeCreate, "allocate": changeCreate, "clone": changeCreate, "copy": changeCreate, "create": changeCreate, "enroll": changeCreate, "generate": changeCreate,
	"import": changeCreate, "insert": changeCreate, "invite": changeCreate, "issue": changeCreate, "launch": changeCreate, "new": changeCreate, "provision": changeCreate,
	"register": changeCreate, "run": changeCreate, "upload": changeCreate,
	"activate": changeUpdate, "apply": changeUpdate, "approve": changeUpdate, "assign": changeUpdate, "associate": changeUpdate, "attach": changeUpdate, "authorize": changeUpdate, "bind": changeUpdate, "cancel": changeUpdate, "change": changeUpdate, "configure": changeUpdate, "deactivate": changeUpdate, "detach": changeUpdate,
	"disable": changeUpdate, "disassociate": changeUpdate, "edit": changeUpdate, "enable": changeUpdate, "grant": changeUpdate, "lock": changeUpdate, "merge": changeUpdate,
	"modify": changeUpdate, "move": changeUpdate, "patch": changeUpdate, "pause": changeUpdate, "put": changeUpdate, "reboot": changeUpdate, "reject": changeUpdate,
	"rename": changeUpdate, "renew": changeUpdate, "replace": changeUpdate, "reset": changeUpdate, "resize": changeUpdate, "restart": changeUpdate, "restore": changeUpdate,
	"resume": changeUpdate, "revoke": changeUpdate, "rotate": changeUpdate, "set": changeUpdate, "start": changeUpdate, "stop": changeUpdate, "suspend": changeUpdate, "tag": changeUpdate, "unassign": changeUpdate, "unbind": changeUpdate, "unlock": changeUpdate, "untag": changeUpdate, "update": changeUpdate, "upgrade": changeUpdate, "write": changeUpdate,
	"delete": changeDelete, "deregister": changeDelete, "destroy": changeDelete, "drop": changeDelete, "erase": changeDelete, "purge": changeDelete, "release": changeDelete,
	"remove": changeDelete, "terminate": changeDelete, "unregister": changeDelete,
}
