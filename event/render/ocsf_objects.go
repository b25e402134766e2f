package render

import (
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// ocsfAPI writes what was called. A request must have an id: an event without one of the request lends its own.
func ocsfAPI(w *writer, e *event.Event, x *exchange) {
	w.text("operation", either(e.Name, "unknown"))
	w.in("request", func() {
		if e.RequestParameters != "" {
			w.object("data", e.RequestParameters)
		}
		if e.RequestID != "" || e.RequestParameters != "" {
			w.text("uid", either(e.RequestID, either(e.ID, "unknown")))
		}
	})
	w.in("response", func() {
		if x.status != 0 {
			w.number("code", x.status)
		}
		if e.ResponseElements != "" {
			w.object("data", e.ResponseElements)
		}
		w.known("error", e.ErrorCode)
		w.known("error_message", e.ErrorMessage)
	})
	w.in("service", func() { w.known("name", e.Service) })
	w.known("version", e.APIVersion)
}

// ocsfUserTypes are the types of identities that OCSF has a word for. Never changed.
var ocsfUserTypes = map[string]int64{
	"root-account": 2, "system": 3, "service-account": 4,
	"ram-user": 1, "user": 1, "basic": 1, "jwt": 1, "mtls": 1, "saml-user": 1, "web-identity-user": 1, "identity-center-user": 1, "federated-user": 1,
}

var ocsfUserWords = [...]string{"Unknown", "User", "Admin", "System", "Service"} // never changed

func ocsfUser(w *writer, e *event.Event) {
	u := &e.Identity
	w.in("account", func() { w.known("uid", u.AccountID) })
	w.known("credential_uid", u.AccessKeyID)
	name := u.UserName
	if name == "" && u.PrincipalID == "" && u.AccountID == "" {
		name = either(u.Type, "unknown") // one of the three must be there
	}
	w.known("name", name)
	w.known("uid", u.PrincipalID)
	if id, known := ocsfUserTypes[u.Type]; known || u.Type == "" {
		w.number("type_id", id)
		w.text("type", ocsfUserWords[id])
	} else {
		w.number("type_id", ocsfOther)
		w.text("type", u.Type)
	}
}

// ocsfSession writes what there is of the session, which stands whole in unmapped.
func ocsfSession(w *writer, e *event.Event) {
	attributes, issuer := e.Identity.SessionAttributes.Map(), e.Identity.SessionIssuer.Map()
	if text, _ := attributes["creationDate"].(string); text != "" {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			w.number("created_time", at.UnixMilli())
		}
	}
	switch attributes["mfaAuthenticated"] {
	case "true":
		w.boolean("is_mfa", true)
	case "false":
		w.boolean("is_mfa", false)
	}
	for _, name := range []string{"arn", "principalId", "userName"} {
		if text, _ := issuer[name].(string); text != "" {
			w.text("issuer", text)
			break
		}
	}
}

// ocsfMFA writes of a sign-in whether a second factor was asked for.
func ocsfMFA(w *writer, e *event.Event) {
	m := e.Additional.Map()
	for _, name := range []string{"isMFAChecked", "mfaChecked"} {
		switch m[name] {
		case "true":
			w.boolean("is_mfa", true)
			return
		case "false":
			w.boolean("is_mfa", false)
			return
		}
	}
}

// ocsfSource writes where the call came from; the schema demands something.
func ocsfSource(w *writer, e *event.Event) {
	if text := ocsfAddress(e); text != "" {
		w.text("ip", text)
	} else {
		w.text("name", either(e.SourceIP, "unknown"))
	}
	w.known("vpc_uid", e.VPCID)
}

// ocsfAddress is the address that the call came from, if it is one.
func ocsfAddress(e *event.Event) string {
	if a, ok := address(e.SourceIP); ok {
		return a.String()
	}
	return ""
}

func ocsfHTTP(w *writer, e *event.Event, x *exchange) {
	w.known("http_method", x.method)
	w.known("referrer", x.referer)
	if x.path != "" {
		w.in("url", func() {
			w.known("hostname", host(e.Source))
			w.text("path", x.path)
		})
	}
	w.known("user_agent", e.UserAgent)
}

// maxOCSFUID is how long the id of a resource may be.
const maxOCSFUID = 64

// ocsfResources writes what was touched, and takes it from what is left.
func ocsfResources(w *writer, e, left *event.Event) {
	all := slices.DeleteFunc(resources(e), func(r resource) bool { return r.name == "" })
	if len(all) == 0 {
		return
	}
	w.key("resources")
	w.b = append(w.b, '[')
	for i, r := range all {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = append(w.b, '{')
		w.text("name", r.name)
		w.known("type", r.kind)
		if len(r.name) <= maxOCSFUID {
			w.text("uid", r.name)
		}
		w.b = append(w.b, '}')
	}
	w.b = append(w.b, ']')
	if e.ResourceName != "" {
		left.ResourceType, left.ResourceName = "", ""
	}
	if onlyNames(e.ReferencedResources) {
		left.ReferencedResources = ""
	}
}

// onlyNames tells whether each type has a list of names, and nothing else.
func onlyNames(o event.Object) bool {
	for _, v := range o.Map() {
		names, ok := v.([]any)
		if !ok || len(names) == 0 {
			return false
		}
		for _, name := range names {
			if s, ok := name.(string); !ok || s == "" {
				return false
			}
		}
	}
	return true
}
