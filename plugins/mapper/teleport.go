package mapper

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/actiontrail/actiontrail/event"
)

// Slots of Teleport's audit events.
const (
	teleportEvent = iota
	teleportID
	teleportCode
	teleportTime
	teleportCluster
	teleportUser
	teleportUserCluster
	teleportImpersonator
	teleportLogin
	teleportSuccess
	teleportError
	teleportMessage
	teleportMethod
	teleportDevice
	teleportDeviceType
	teleportAddress
	teleportAgent
	teleportSession
	teleportName
	teleportServer
	teleportServerID
	teleportDatabase
	teleportKube
	teleportApp
	teleportCommand
	teleportQuery
	teleportReason
	teleportRoles
)

// teleportForm is what all audit events have, and the names of what most are upon
// (gravitational/teleport lib/events/api.go).
func teleportForm() []wanted {
	return []wanted{
		teleportEvent: {"event", plainBranch}, teleportID: {"uid", plainBranch}, teleportCode: {"code", plainBranch}, teleportTime: {"time", plainBranch}, teleportCluster: {"cluster_name", plainBranch},
		teleportUser: {"user", plainBranch}, teleportUserCluster: {"user_cluster_name", plainBranch}, teleportImpersonator: {"impersonator", plainBranch}, teleportLogin: {"login", plainBranch},
		teleportSuccess: {"success", plainBranch}, teleportError: {"error", plainBranch}, teleportMessage: {"message", plainBranch}, teleportMethod: {"method", plainBranch},
		teleportDevice: {"mfa_device.mfa_device_name", plainBranch}, teleportDeviceType: {"mfa_device.mfa_device_type", plainBranch},
		teleportAddress: {"addr.remote", plainBranch}, teleportAgent: {"user_agent", plainBranch}, teleportSession: {"sid", plainBranch},
		teleportName: {"name", plainBranch}, teleportServer: {"server_hostname", plainBranch}, teleportServerID: {"server_id", plainBranch},
		teleportDatabase: {"db_service", plainBranch}, teleportKube: {"kubernetes_cluster", plainBranch}, teleportApp: {"app_name", plainBranch},
		teleportCommand: {"command", plainBranch}, teleportQuery: {"db_query", hiddenBranch}, teleportReason: {"reason", plainBranch}, teleportRoles: {"roles", plainBranch},
	}
}

// teleport reads audit events, one object a record.
func teleport(opt *Options) (reader, error) {
	return auditJSON(teleportForm(), (*Mapper).teleport)(opt)
}

// Facts of Teleport.
var (
	factCode   = newKey("code")
	factDevice = newKey("mfaDevice")
	factLogin  = newKey("login")
)

func (m *Mapper) teleport(n *nested) error {
	q, v := &m.request, n.text
	name := m.named(v[teleportEvent])
	if name == "" || v[teleportID] == "" {
		return errors.New("not an audit event of Teleport: event and uid are needed")
	}
	var err error
	if q.time, err = m.clock.iso(v[teleportTime], m.opt.TimeZone); err != nil {
		return fmt.Errorf("time: %w", err)
	}
	t := &q.told
	t.service = "Teleport"
	t.id = q.uuidOr("teleport", v[teleportID], v[teleportTime])
	q.peer, q.userAgent, q.server = v[teleportAddress], v[teleportAgent], v[teleportCluster]
	failed := v[teleportSuccess] == "false" || v[teleportSuccess] == "" && v[teleportError] != ""
	if failed {
		t.errorCode, t.errorMessage = "Failed", or(v[teleportError], v[teleportMessage])
	}
	a := &t.actor
	a.source, a.kind, a.name = sourceNative, "user", v[teleportUser]
	if v[teleportImpersonator] != "" && v[teleportImpersonator] != a.name {
		q.session.role, q.session.roleType = a.name, "user"
		a.name = v[teleportImpersonator]
	}
	q.done(name, teleportRW(v[teleportEvent]))
	switch v[teleportEvent] {
	case "user.login":
		q.signin(t.errorCode, t.errorMessage)
		if failed {
			t.errorCode = "LoginFailed"
		} else {
			q.add(factMFA, teleportMFA(v[teleportMethod], v[teleportDeviceType]))
		}
		q.add(factMethod, v[teleportMethod])
	case "auth":
		t.action, a.claimed = "Authenticate", failed // who could not prove to a node who they are
	case "mfa.add":
		t.action = "MFABind"
	case "mfa.delete":
		t.action = "MFAUnbind"
	case "user.password_change":
		t.action = "PasswordModify"
	}
	for _, r := range [...]struct{ kind, name string }{
		{"Teleport::Database", v[teleportDatabase]}, {"Teleport::App", v[teleportApp]}, {"Teleport::Kubernetes", v[teleportKube]},
		{"Teleport::Server", cmp.Or(v[teleportServer], v[teleportServerID])}, {"Teleport::Resource", v[teleportName]},
	} {
		if r.name != "" {
			t.resourceType, t.resourceName = r.kind, r.name
			break
		}
	}
	q.add(factCode, v[teleportCode])
	q.add(factDevice, v[teleportDevice])
	q.add(factLogin, v[teleportLogin])
	q.add(factSession, v[teleportSession])
	q.add(factCommand, v[teleportCommand])
	return nil
}

// teleportMFA tells whether a second factor was used. Teleport writes the device of
// whoever it has checked itself; what another system checked it does not know.
func teleportMFA(method, device string) string {
	switch {
	case device != "":
		return "true"
	case method == "local":
		return "false"
	}
	return ""
}

// teleportRW is Read for what only looks, which Teleport has few events of.
func teleportRW(name string) string {
	switch name {
	case "session.recording.access", "sftp.list", "sftp.stat", "scp.download", "sftp.open", "resize":
		return event.Read
	}
	return event.Write
}
