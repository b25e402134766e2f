package render

import (
	"math"

	"github.com/actiontrail/actiontrail/event"
)

// ecsVersion is the version of the Elastic Common Schema that is written. Later ones of 8 and 9 have each of these fields, of the same type.
const ecsVersion = "8.17.0"

// nanos are the nanoseconds of a millisecond: event.duration has those.
const nanos = 1_000_000

// ECS appends the event as a document of the Elastic Common Schema. Nothing is
// lost: what the schema has no field for stands in actiontrail, by its own name.
func ECS(b []byte, e *event.Event) []byte {
	w := writer{append(b, '{')}
	x := exchangeOf(e)
	left := *e // what is still to be written
	when := e.Time
	if left.Time = (event.Time{}); when.IsZero() {
		when = e.Origin.Observed
	}
	w.known("@timestamp", when.String())
	w.known("message", summary(e))
	w.in("ecs", func() { w.text("version", ecsVersion) })
	w.in("event", func() { ecsEvent(&w, e, &x) })
	left.ID, left.Name, left.Raw, left.Origin.Observed = "", "", "", event.Time{}
	if left.Service = ""; e.Source != "" {
		left.Source = "" // is event.provider
	}
	w.in("error", func() {
		w.known("code", e.ErrorCode)
		w.known("message", e.ErrorMessage)
	})
	left.ErrorCode, left.ErrorMessage = "", ""
	w.in("user", func() {
		w.known("id", e.Identity.PrincipalID)
		w.known("name", e.Identity.UserName)
	})
	left.Identity.PrincipalID, left.Identity.UserName = "", ""
	ip, isIP := address(e.SourceIP)
	w.in("source", func() {
		w.known("address", e.SourceIP)
		if isIP {
			w.text("ip", ip.String())
		}
	})
	left.SourceIP = ""
	w.in("user_agent", func() { w.known("original", e.UserAgent) })
	left.UserAgent = ""
	w.in("service", func() { w.known("name", e.Service) })
	server := host(e.Source)
	w.in("cloud", func() {
		w.in("account", func() { w.known("id", e.RecipientAccountID) })
		w.known("provider", providerOf(server).short)
		w.known("region", e.Region)
	})
	left.RecipientAccountID, left.Region = "", ""
	ecsHTTP(&w, e, &x, server)
	left.RequestID, left.Exchange, left.Additional = "", event.Exchange{}, x.rest
	w.in("agent", func() {
		if e.Origin.Agent != "" {
			w.text("name", e.Origin.Agent)
			w.text("type", "actiontrail")
		}
	})
	left.Origin.Agent = ""
	if file := e.Origin.File; file != "" && file[0] == '/' {
		w.in("log", func() { w.in("file", func() { w.text("path", file) }) })
		left.Origin.File = ""
	}
	w.in("related", func() {
		if server != "" {
			w.texts("hosts", server)
		}
		if isIP {
			w.texts("ip", ip.String())
		}
		w.texts("user", users(e)...)
	})
	w.key("actiontrail")
	w.b = left.AppendJSON(w.b)
	return append(w.b, '}')
}

// ecsEvent writes the members of event.
func ecsEvent(w *writer, e *event.Event, x *exchange) {
	w.known("action", e.Name)
	category, kinds := ecsWords(e, x)
	if category != "" {
		w.texts("category", category)
	}
	w.known("created", e.Origin.Observed.String())
	w.text("dataset", "actiontrail.audit")
	if x.duration >= 0 && x.duration <= math.MaxInt64/nanos {
		w.number("duration", x.duration*nanos)
	}
	w.known("id", e.ID)
	kind := "event"
	if e.Name == event.NameUnparsed && ofLoss(e) {
		kind = "pipeline_error"
	}
	w.text("kind", kind)
	w.text("module", "actiontrail")
	w.known("original", e.Raw)
	outcome := "success"
	if e.ErrorCode != "" {
		outcome = "failure"
	}
	w.text("outcome", outcome)
	w.known("provider", either(e.Source, e.Service))
	w.texts("type", kinds)
}

// ecsWords are the category of an event, of the few that the schema allows, and what kind of it.
func ecsWords(e *event.Event, x *exchange) (category, kind string) {
	switch e.Type {
	case event.TypeConsoleSignin:
		return "authentication", "start"
	case event.TypeConsoleSignout:
		return "authentication", "end"
	case event.TypeServiceEvent, serviceEvent:
		return "", "info"
	}
	switch changeOf(e, x.method) {
	case changeRead:
		return "api", "access"
	case changeCreate:
		return "api", "creation"
	case changeDelete:
		return "api", "deletion"
	}
	return "api", "change"
}

// ecsHTTP writes http and url.
func ecsHTTP(w *writer, e *event.Event, x *exchange, server string) {
	w.in("http", func() {
		w.in("request", func() {
			w.known("id", e.RequestID)
			w.known("method", x.method)
			w.known("referrer", x.referer)
		})
		w.in("response", func() {
			if x.bytes >= 0 {
				w.in("body", func() { w.number("bytes", x.bytes) })
			}
			if x.status != 0 {
				w.number("status_code", x.status)
			}
		})
	})
	if x.path != "" {
		w.in("url", func() {
			w.known("domain", server)
			w.text("path", x.path)
		})
	}
}
