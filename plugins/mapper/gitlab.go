package mapper

import (
	"errors"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Slots of GitLab's logs in JSON.
const (
	gitlabTime = iota
	gitlabCreated
	gitlabID
	gitlabAuthor
	gitlabAuthorName
	gitlabAuthorClass
	gitlabEntityType
	gitlabEntityPath
	gitlabEntityID
	gitlabTargetType
	gitlabTarget
	gitlabTargetID
	gitlabEvent
	gitlabCustom
	gitlabChange
	gitlabFrom
	gitlabTo
	gitlabAs
	gitlabAdd
	gitlabRemove
	gitlabWith
	gitlabFailed
	gitlabAddress
	gitlabCorrelation
	gitlabMessage
	gitlabController
	gitlabAction
	gitlabMethod
	gitlabPath
	gitlabStatus
	gitlabTook
	gitlabRemote
	gitlabAgent
	gitlabUser
	gitlabUserID
	gitlabParams
)

// gitlabForm is an audit event (audit_json.log, and what is streamed), a request
// (production_json.log, api_json.log) and a line of application_json.log.
func gitlabForm() []wanted {
	return []wanted{
		gitlabTime: {"time", plainBranch}, gitlabCreated: {"created_at", plainBranch}, gitlabID: {"id", plainBranch}, gitlabAuthor: {"author_id", plainBranch}, gitlabAuthorName: {"author_name", plainBranch}, gitlabAuthorClass: {"author_class", plainBranch},
		gitlabEntityType: {"entity_type", plainBranch}, gitlabEntityPath: {"entity_path", plainBranch}, gitlabEntityID: {"entity_id", plainBranch},
		gitlabTargetType: {"target_type", plainBranch}, gitlabTarget: {"target_details", plainBranch}, gitlabTargetID: {"target_id", plainBranch},
		gitlabEvent: {"event_name", plainBranch}, gitlabCustom: {"custom_message", plainBranch}, gitlabChange: {"change", plainBranch}, gitlabFrom: {"from", plainBranch}, gitlabTo: {"to", plainBranch}, gitlabAs: {"as", plainBranch},
		gitlabAdd: {"add", plainBranch}, gitlabRemove: {"remove", plainBranch}, gitlabWith: {"with", plainBranch}, gitlabFailed: {"failed_login", plainBranch},
		gitlabAddress: {"ip_address", plainBranch}, gitlabCorrelation: {"correlation_id", plainBranch}, gitlabMessage: {"message", plainBranch},
		gitlabController: {"controller", plainBranch}, gitlabAction: {"action", plainBranch}, gitlabMethod: {"method", plainBranch}, gitlabPath: {"path", plainBranch}, gitlabStatus: {"status", plainBranch},
		gitlabTook: {"duration_s", plainBranch}, gitlabRemote: {"remote_ip", plainBranch}, gitlabAgent: {"ua", plainBranch}, gitlabUser: {"username", plainBranch}, gitlabUserID: {"user_id", plainBranch},
		gitlabParams: {"params", hiddenBranch},
	}
}

// gitlab reads audit events, and of other logs the requests and the failed sign-ins.
func gitlab(opt *Options) (reader, error) { return auditJSON(gitlabForm(), (*Mapper).gitlab)(opt) }

func (m *Mapper) gitlab(n *nested) error {
	q, v := &m.request, n.text
	var err error
	if q.time, err = m.clock.iso(or(v[gitlabTime], v[gitlabCreated]), m.opt.TimeZone); err != nil {
		return fmt.Errorf("time: %w", err)
	}
	q.told.service = "GitLab"
	q.requestID = v[gitlabCorrelation]
	switch {
	case v[gitlabAuthor] != "" || v[gitlabAuthorName] != "":
		return m.gitlabAudit(v)
	case v[gitlabMethod] != "" && v[gitlabPath] != "":
		return m.gitlabRequest(v)
	}
	return m.gitlabText(v[gitlabMessage])
}

// gitlabAudit takes an audit event.
func (m *Mapper) gitlabAudit(v []string) error {
	q := &m.request
	t := &q.told
	a := &t.actor
	q.peer = or(v[gitlabAddress], v[gitlabRemote])
	a.source, a.kind, a.id, a.name = sourceNative, "user", v[gitlabAuthor], or(v[gitlabAuthorName], v[gitlabAuthor])
	if strings.HasSuffix(v[gitlabAuthorClass], "DeployToken") || strings.HasSuffix(v[gitlabAuthorClass], "RunnerRegistrationTokenAuthor") {
		a.kind = "token"
	}
	if v[gitlabEntityType] != "" {
		t.resourceType = q.joined("GitLab", "::", v[gitlabEntityType])
		if t.resourceName = v[gitlabEntityPath]; t.resourceName == "" && v[gitlabTargetType] == v[gitlabEntityType] {
			t.resourceName = v[gitlabTarget]
		}
		t.resourceName = or(t.resourceName, v[gitlabEntityID])
	}
	q.add(factDetail, or(v[gitlabCustom], v[gitlabMessage]))
	q.add(factTargetType, v[gitlabTargetType])
	q.add(factTargetName, v[gitlabTarget])
	q.add(factFrom, v[gitlabFrom])
	q.add(factTo, v[gitlabTo])
	q.add(factAs, v[gitlabAs])
	switch with := or(v[gitlabWith], gitlabAuthenticated(v[gitlabEvent])); {
	case v[gitlabFailed] != "" || v[gitlabEvent] == "login_failed_with_standard_authentication" || strings.HasPrefix(v[gitlabEvent], "login_failed"):
		q.add(factMethod, v[gitlabFailed])
		q.signin("LoginFailed", q.joined("failed login", " ", v[gitlabFailed]))
	case with != "":
		q.signin("", "")
		q.add(factMethod, with)
		q.add(factMFA, gitlabMFA(with))
	case v[gitlabEvent] == "user_logout" || v[gitlabEvent] == "user_signed_out":
		q.signout()
	default:
		q.done(m.gitlabName(v), event.Write)
	}
	if t.action == "" {
		return errors.New("an audit event of GitLab that says not what was done")
	}
	return nil
}

// Facts of GitLab.
var (
	factTargetType = newKey("targetType")
	factTargetName = newKey("targetName")
	factAs         = newKey("as")
)

// gitlabName is the name of what was done: GitLab's own, or of old releases what
// was added, removed or changed. A change is one of words that GitLab has, of the
// text behind it nothing is taken.
func (m *Mapper) gitlabName(v []string) string {
	switch {
	case v[gitlabEvent] != "" && v[gitlabEvent] != "audit_operation":
		return m.named(v[gitlabEvent])
	case v[gitlabAdd] != "":
		return "Add" + m.named(v[gitlabAdd])
	case v[gitlabRemove] != "":
		return "Remove" + m.named(v[gitlabRemove])
	case v[gitlabChange] != "":
		return "Change" + m.named(v[gitlabChange])
	}
	return "Change" + m.named(or(v[gitlabTargetType], v[gitlabEntityType]))
}

// gitlabAuthenticated is the way of an event that tells of a sign-in.
func gitlabAuthenticated(name string) string {
	way, ok := strings.CutPrefix(name, "authenticated_with_")
	if !ok {
		return ""
	}
	return way
}

// gitlabMFA tells whether a second factor was used. GitLab calls a sign-in after the
// last step, and standard is one without a second; what another system checked it
// does not know.
func gitlabMFA(with string) string {
	switch strings.ToLower(with) {
	case "two-factor", "two_factor", "two-factor-via-u2f-device", "two-factor-via-webauthn-device", "webauthn", "passkey":
		return "true"
	case "standard", "password":
		return "false"
	}
	return ""
}

// gitlabRequest takes a request. Who signs in is told by the controllers of Devise.
func (m *Mapper) gitlabRequest(v []string) error {
	q := &m.request
	q.method, q.upstream = v[gitlabMethod], "GitLab"
	q.setTarget(v[gitlabPath])
	q.peer, q.userAgent = v[gitlabRemote], v[gitlabAgent]
	if micros, _, ok := decimal(v[gitlabTook], 6); ok {
		q.duration = micros
	}
	failed := v[gitlabStatus] == "0" // Devise threw: it was refused
	if !q.setStatus(v[gitlabStatus]) && !failed {
		return errNoStatus
	}
	a := &q.told.actor
	a.source, a.kind, a.name, a.id = sourceNative, "user", v[gitlabUser], v[gitlabUserID]
	switch v[gitlabController] + "#" + v[gitlabAction] {
	case "SessionsController#create":
		if q.status == 200 { // the page that asks for the second factor, or says that it was wrong
			q.done("PassSigninFactor", event.Write)
			a.claimed = true
			return nil
		}
		gitlabSignin(q, failed || q.status >= 400)
	case "OmniauthCallbacksController#failure":
		gitlabSignin(q, true)
	case "SessionsController#destroy":
		q.signout()
	default:
		if name, ok := strings.CutPrefix(v[gitlabController], "OmniauthCallbacksController"); ok && name == "" {
			gitlabSignin(q, q.status >= 400)
			q.add(factMethod, v[gitlabAction])
		}
	}
	return nil
}

func gitlabSignin(q *request, failed bool) {
	if failed {
		q.signin("LoginFailed", "GitLab refused to sign in")
		return
	}
	q.signin("", "")
}

// gitlabText takes "Failed Login: username=… ip=…" of application_json.log.
func (m *Mapper) gitlabText(s string) error {
	rest, ok := strings.CutPrefix(s, "Failed Login: username=")
	if !ok {
		return plugins.ErrIgnored
	}
	q := &m.request
	name, peer := rest, ""
	if at := strings.LastIndex(rest, " ip="); at >= 0 {
		name, peer = rest[:at], rest[at+len(" ip="):]
	}
	q.peer = peer
	a := &q.told.actor
	a.source, a.kind, a.name = sourceNative, "user", name
	q.signin("LoginFailed", "failed login")
	return nil
}
