package render

import "github.com/actiontrail/actiontrail/event"

// ocsfVersion is the version of OCSF's schema that is written: the oldest that
// receivers still take, and later ones of 1 have each of its attributes that stand here.
const ocsfVersion = "1.1.0"

// ocsfClass is a class of OCSF: what events of one kind look like.
type ocsfClass struct {
	uid, category      int64
	name, categoryName string
}

// The classes that are written. Never changed.
var (
	classAPI   = ocsfClass{6003, 6, "API Activity", "Application Activity"}
	classLogin = ocsfClass{3002, 3, "Authentication", "Identity & Access Management"}
	classBase  = ocsfClass{0, 0, "Base Event", "Uncategorized"} // nobody called anything: the other classes demand an actor and an endpoint
)

// ocsfOther is the id of what the schema has no word of its own for.
const ocsfOther = 99

// OCSF appends the event as one of the Open Cybersecurity Schema Framework.
// Nothing is lost: what the schema has no attribute for stands in unmapped, by its own name.
func OCSF(b []byte, e *event.Event) []byte {
	w := writer{append(b, '{')}
	x := exchangeOf(e)
	left := *e // what is still to be written
	class, activity, activityName := ocsfKind(e, &x)
	w.number("activity_id", activity)
	w.text("activity_name", activityName)
	w.number("category_uid", class.category)
	w.text("category_name", class.categoryName)
	w.number("class_uid", class.uid)
	w.text("class_name", class.name)
	w.number("type_uid", class.uid*100+activity)
	w.text("type_name", class.name+": "+activityName)
	ocsfOutcome(&w, e)
	left.ErrorCode, left.ErrorMessage = "", ""
	w.known("message", summary(e))
	when := e.Time
	if when.IsZero() {
		when = e.Origin.Observed
	}
	w.number("time", millis(when))
	w.in("metadata", func() { ocsfMetadata(&w, e) })
	left.ID, left.Time, left.Category, left.Origin.Source, left.Origin.Agent = "", event.Time{}, "", "", ""
	w.in("cloud", func() {
		w.in("account", func() { w.known("uid", e.RecipientAccountID) })
		w.text("provider", either(providerOf(host(e.Source)).name, "self-hosted"))
		w.known("region", e.Region)
	})
	left.RecipientAccountID, left.Region = "", ""
	w.in("api", func() { ocsfAPI(&w, e, &x) })
	left.Name, left.Service, left.APIVersion, left.RequestID, left.RequestParameters, left.ResponseElements = "", "", "", "", "", ""
	if class == classLogin {
		w.in("user", func() { ocsfUser(&w, e) })
		w.in("service", func() { w.text("name", either(e.Service, either(e.Source, "unknown"))) })
		ocsfMFA(&w, e)
	} else {
		w.in("actor", func() {
			w.in("session", func() { ocsfSession(&w, e) })
			w.in("user", func() { ocsfUser(&w, e) })
		})
	}
	left.Identity.PrincipalID, left.Identity.UserName, left.Identity.AccountID, left.Identity.AccessKeyID = "", "", "", ""
	if class != classBase {
		w.in("src_endpoint", func() { ocsfSource(&w, e) })
		if left.VPCID = ""; ocsfAddress(e) == e.SourceIP {
			left.SourceIP = ""
		}
		if name := host(e.Source); name != "" {
			w.in("dst_endpoint", func() { w.text("hostname", name) })
			if name == e.Source {
				left.Source = ""
			}
		}
		w.in("http_request", func() { ocsfHTTP(&w, e, &x) })
		left.UserAgent, left.Exchange, left.Additional = "", event.Exchange{}, x.rest
	}
	if class == classAPI {
		ocsfResources(&w, e, &left)
	}
	if e.Raw != "" && len(e.Raw) <= maxOCSFText {
		w.text("raw_data", e.Raw)
		left.Raw = ""
	}
	w.key("unmapped")
	w.b = left.AppendJSON(w.b)
	return append(w.b, '}')
}

// maxOCSFText is how long a string may be, but for those in unmapped.
const maxOCSFText = 65535

// ocsfKind is the class of an event and what of its activities it is.
func ocsfKind(e *event.Event, x *exchange) (c ocsfClass, activity int64, name string) {
	switch {
	case e.Type == event.TypeConsoleSignin:
		return classLogin, 1, "Logon"
	case e.Type == event.TypeConsoleSignout:
		return classLogin, 2, "Logoff"
	case e.Type == event.TypeServiceEvent, e.Type == serviceEvent, e.Category == event.CategoryInsight:
		return classBase, ocsfOther, either(e.Name, "Other")
	}
	switch changeOf(e, x.method) {
	case changeCreate:
		return classAPI, 1, "Create"
	case changeRead:
		return classAPI, 2, "Read"
	case changeUpdate:
		return classAPI, 3, "Update"
	case changeDelete:
		return classAPI, 4, "Delete"
	}
	return classAPI, ocsfOther, either(e.Name, "Other")
}

// ocsfOutcome writes how it went and how grave that is.
func ocsfOutcome(w *writer, e *event.Event) {
	if ofLoss(e) {
		w.number("severity_id", 4)
		w.text("severity", "High")
	} else {
		w.number("severity_id", 1)
		w.text("severity", "Informational")
	}
	if e.ErrorCode == "" {
		w.number("status_id", 1)
		w.text("status", "Success")
	} else {
		w.number("status_id", 2)
		w.text("status", "Failure")
		w.text("status_code", e.ErrorCode)
	}
	w.known("status_detail", e.ErrorMessage)
}

func ocsfMetadata(w *writer, e *event.Event) {
	w.known("event_code", e.Name)
	w.known("log_name", e.Origin.Source)
	w.known("log_provider", e.Origin.Agent)
	if !e.Origin.Observed.IsZero() {
		w.number("logged_time", millis(e.Origin.Observed))
	}
	w.known("original_time", e.Time.String())
	w.in("product", func() {
		w.in("feature", func() { w.known("name", e.Category) })
		w.text("name", "actiontrail")
		w.text("vendor_name", "actiontrail")
	})
	w.texts("profiles", "cloud", "host")
	w.known("tenant_uid", e.RecipientAccountID)
	w.known("uid", e.ID)
	w.text("version", ocsfVersion)
}

// millis is a time as OCSF has it; of none it is 0.
func millis(t event.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Std().UnixMilli()
}
