package mapper

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/plugins"
)

// Slots of Grafana's log, then those of the audit log of its Enterprise edition.
const (
	grafanaTime = iota
	grafanaMessage
	grafanaUser
	grafanaUserID
	grafanaOrg
	grafanaMethod
	grafanaPath
	grafanaStatus
	grafanaAddress
	grafanaMillis
	grafanaSize
	grafanaReferer
	grafanaHandler
	grafanaError
	grafanaErrorID
	grafanaName
	grafanaWho
	grafanaID
	grafanaTrace
	grafanaLogger

	grafanaAuditTime
	grafanaAuditAction
	grafanaAuditUser
	grafanaAuditUserID
	grafanaAuditKey
	grafanaAuditOrg
	grafanaAuditRole
	grafanaAuditURI
	grafanaAuditStatus
	grafanaAuditResult
	grafanaAuditWhy
	grafanaAuditResources
	grafanaAuditAddress
	grafanaAuditAgent
	grafanaAuditLogin
	grafanaAuditModule
	grafanaAuditRequest
)

// grafanaForm is a line of the log in JSON (pkg/middleware/loggermw, pkg/api/login.go),
// and an entry of the audit log as the documentation of the Enterprise edition has it.
func grafanaForm() []wanted {
	return []wanted{
		grafanaTime: {"t", plainBranch}, grafanaMessage: {"msg", plainBranch}, grafanaUser: {"uname", plainBranch}, grafanaUserID: {"userId", plainBranch}, grafanaOrg: {"orgId", plainBranch},
		grafanaMethod: {"method", plainBranch}, grafanaPath: {"path", plainBranch}, grafanaStatus: {"status", plainBranch}, grafanaAddress: {"remote_addr", plainBranch},
		grafanaMillis: {"time_ms", plainBranch}, grafanaSize: {"size", plainBranch}, grafanaReferer: {"referer", plainBranch}, grafanaHandler: {"handler", plainBranch},
		grafanaError: {"error", plainBranch}, grafanaErrorID: {"errorMessageID", plainBranch}, grafanaName: {"User", plainBranch}, grafanaWho: {"userID", plainBranch}, grafanaID: {"id", plainBranch},
		grafanaTrace: {"traceID", plainBranch}, grafanaLogger: {"logger", plainBranch},

		grafanaAuditTime: {"timestamp", plainBranch}, grafanaAuditAction: {"action", plainBranch}, grafanaAuditUser: {"user.name", plainBranch}, grafanaAuditUserID: {"user.userId", plainBranch},
		grafanaAuditKey: {"user.apiKeyId", plainBranch}, grafanaAuditOrg: {"user.orgId", plainBranch}, grafanaAuditRole: {"user.orgRole", plainBranch}, grafanaAuditURI: {"requestUri", plainBranch},
		grafanaAuditStatus: {"result.statusCode", plainBranch}, grafanaAuditResult: {"result.statusType", plainBranch}, grafanaAuditWhy: {"result.failureMessage", plainBranch},
		grafanaAuditResources: {"resources", rawBranch}, grafanaAuditAddress: {"ipAddress", plainBranch}, grafanaAuditAgent: {"userAgent", plainBranch},
		grafanaAuditLogin: {"additionalData.loginUsername", plainBranch}, grafanaAuditModule: {"additionalData.authModule", plainBranch}, grafanaAuditRequest: {"request", hiddenBranch},
	}
}

// grafanaReader is the reader of one source.
type grafanaReader struct {
	*nested
	slots     map[string]int // of the keys of lines
	line      []string       // of a line, by slot
	resources *nested
}

// grafana reads the log of Grafana, in its console form (key=value) or in JSON: the
// requests, and who signed in; and the audit log of the Enterprise edition.
func grafana(opt *Options) (reader, error) {
	if opt.LogFormat != "" {
		return nil, errOneForm
	}
	form := grafanaForm()
	r := &grafanaReader{nested: newNested(form, opt), slots: map[string]int{}, line: make([]string, grafanaAuditTime),
		resources: newNested([]wanted{{"type", plainBranch}, {"id", plainBranch}, {"name", plainBranch}}, &Options{})}
	for i := range grafanaAuditTime {
		r.slots[form[i].path] = i
	}
	object := readObject(r.nested, func(m *Mapper, n *nested) error {
		if n.text[grafanaAuditAction] != "" {
			return r.audit(m)
		}
		return r.take(m, n.text)
	})
	return func(m *Mapper, record []byte) error {
		if isObject(record) {
			return object(m, record)
		}
		clear(r.line)
		q := &m.request
		err := pairs{" "}.each(view(record), q, func(key, value string) error {
			if i, ok := r.slots[key]; ok && r.line[i] == "" {
				r.line[i] = value // the first one: Grafana writes its own before what it was sent
			}
			q.fields = append(q.fields, field{key, value})
			return nil
		})
		if err != nil {
			return fmt.Errorf("a line of Grafana's log: %w", err)
		}
		return r.take(m, r.line)
	}, nil
}

// take takes a line of the log.
func (r *grafanaReader) take(m *Mapper, v []string) error {
	q := &m.request
	var err error
	if q.time, err = m.clock.iso(v[grafanaTime], m.opt.TimeZone); err != nil {
		return fmt.Errorf("t: %w", err)
	}
	t := &q.told
	a := &t.actor
	t.service = "Grafana"
	q.peer, q.requestID = v[grafanaAddress], v[grafanaTrace]
	a.source, a.kind, a.name = sourceNative, "user", v[grafanaUser]
	if a.name != "" && v[grafanaUserID] != "0" {
		a.id = v[grafanaUserID]
	}
	switch v[grafanaMessage] {
	case "Request Completed":
		return r.request(q, v)
	case "Successful Login":
		q.signin("", "")
		a.name = v[grafanaName]
	case "Successful Logout":
		q.signout()
		a.name = cmp.Or(v[grafanaName], v[grafanaWho], v[grafanaID], a.name)
	case "Invalid username or password":
		q.signin("LoginFailed", or(v[grafanaError], v[grafanaMessage]))
	case "Unauthorized":
		if !strings.HasPrefix(v[grafanaError], "[password-auth.") {
			return plugins.ErrIgnored // of a request, which has a line of its own
		}
		q.signin("LoginFailed", v[grafanaError])
	default:
		return plugins.ErrIgnored
	}
	return nil
}

// request takes a request. Of the form of the sign-in another line tells, but when it
// failed in releases that tell the reason here.
func (r *grafanaReader) request(q *request, v []string) error {
	q.method, q.upstream = v[grafanaMethod], "Grafana"
	if v[grafanaPath] != "" {
		q.setTarget(v[grafanaPath])
	}
	if !q.setStatus(v[grafanaStatus]) {
		return errNoStatus
	}
	q.setMillis(v[grafanaMillis])
	q.setSize(v[grafanaSize])
	q.referer, q.route = v[grafanaReferer], v[grafanaHandler]
	switch {
	case q.path == "/login" && q.method == "POST":
		if v[grafanaErrorID] == "" {
			return plugins.ErrIgnored
		}
		q.signin("LoginFailed", or(v[grafanaError], v[grafanaErrorID]))
	case q.path == "/logout":
		return plugins.ErrIgnored
	}
	return nil
}

// audit takes an entry of the audit log.
func (r *grafanaReader) audit(m *Mapper) error {
	q, v := &m.request, r.text
	var err error
	if q.time, err = m.clock.iso(v[grafanaAuditTime], m.opt.TimeZone); err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	t := &q.told
	a := &t.actor
	t.service = "Grafana"
	q.peer, q.userAgent = v[grafanaAuditAddress], v[grafanaAuditAgent]
	if v[grafanaAuditURI] != "" {
		q.setTarget(v[grafanaAuditURI])
	}
	q.setStatus(v[grafanaAuditStatus])
	a.source, a.kind, a.name = sourceNative, "user", cmp.Or(v[grafanaAuditUser], v[grafanaAuditLogin], v[grafanaAuditUserID])
	a.id = v[grafanaAuditUserID]
	if a.name == "" && v[grafanaAuditKey] != "" {
		a.kind, a.name, a.key = "api-key", v[grafanaAuditKey], v[grafanaAuditKey]
	}
	if v[grafanaAuditResult] == "failure" {
		t.errorCode, t.errorMessage = "Failed", v[grafanaAuditWhy]
		if q.status >= 400 {
			t.errorCode = statusName(q.status)
		}
	}
	action := v[grafanaAuditAction]
	switch {
	case strings.HasPrefix(action, "login"):
		if t.errorCode != "" {
			t.errorCode = "LoginFailed"
		}
		q.signin(t.errorCode, t.errorMessage)
		q.add(factMethod, or(v[grafanaAuditModule], strings.TrimPrefix(action, "login-")))
	case action == "logout":
		q.signout()
	default:
		if name := m.named(action); name != "" {
			q.done(name, verbRW(name))
		}
	}
	if t.action == "" {
		return errors.New("an entry of Grafana's audit whose action is no name")
	}
	kind := r.resource(m, v[grafanaAuditResources])
	if t.eventType == "" && strings.IndexByte(action, '-') < 0 { // delete, and of what; post-alert says all
		t.action = q.joined(t.action, "", kind)
	}
	q.add(factRole, v[grafanaAuditRole])
	return nil
}

var factRole = newKey("role")

// resource is the first of those that an entry names, and gives its kind.
func (r *grafanaReader) resource(m *Mapper, list string) (kind string) {
	q, b := &m.request, bytesOf(list)
	if len(b) < 3 || b[0] != '[' || b[1] != '{' {
		return ""
	}
	r.resources.b, r.resources.escapes = b, r.escapes
	end, err := r.resources.skip(1, 1)
	if err != nil || r.resources.read(b[1:end], r.escapes, &q.scratch) != nil {
		return ""
	}
	v := r.resources.text
	kind = m.named(v[0])
	q.told.resourceType, q.told.resourceName = q.joined("Grafana", "::", or(kind, "Resource")), or(v[2], v[1])
	return kind
}

// isGrafanaLine tells whether a line is of Grafana's log: by its beginning, which is
// the logger or the time.
func isGrafanaLine(s string) bool {
	rest, ok := strings.CutPrefix(s, "logger=")
	if !ok {
		if rest, ok = strings.CutPrefix(s, "t="); !ok {
			return false
		}
		if _, rest, ok = cut(rest, ' '); !ok || !strings.HasPrefix(rest, "lvl=") && !strings.HasPrefix(rest, "level=") {
			return false
		}
		return strings.Contains(rest, " logger=context ") || strings.Contains(rest, " logger=http.server ")
	}
	logger, rest, _ := cut(rest, ' ')
	return (logger == "context" || logger == "http.server") && (strings.HasPrefix(rest, "t=") || strings.HasPrefix(rest, "userId="))
}
