package mapper

import (
	"slices"
	"strings"
)

// recogniser tells whether a record has the form of a dialect, by its signs.
type recogniser struct {
	format string
	is     func(*signs) bool
	why    string // for people: what the form is known by
}

// recognisers are those of all dialects that have a form of their own. At most one
// of them claims a record. Not among them are: native, for a record that says by
// itself who acted has to be asked for by name; formats that the operator made
// up; and Traefik's genericCLF, which is nginx's combined.
func recognisers() []recogniser {
	all := []recogniser{
		{"nginx-combined", isCombined, `address, user, [time], "request", status, size`},
		{"nginx-json", isNginxJSON, "JSON with a status, a time and a request as nginx names them"},
		{"haproxy", isHAProxy, "client:port [time with milliseconds] frontend backend/server, or its CLF"},
		{"envoy", isEnvoy, `[ISO time] "method path protocol", or JSON with names of Envoy's operators`},
		{"traefik", isTraefik, "count, router, server and milliseconds at the end, or JSON with DownstreamStatus"},
		{"kong", isKong, "JSON with started_at and a request that is an object, or kong_request_id at the end"},
		{"apisix", isAPISIX, "JSON with request, response and start_time, or with route_id, or a host before the request"},
		{"caddy", isCaddy, "JSON with ts, msg, status and a request that is an object"},
		{"kubernetes", isKubernetes, "JSON with auditID or apiVersion audit.k8s.io"},
	}
	for _, f := range recordForms() {
		is := func(s *signs) bool { return s.form == f.format }
		i := slices.IndexFunc(all, func(r recogniser) bool { return r.format == f.format })
		switch {
		case i < 0:
			all = append(all, recogniser{f.format, is, f.why})
		case strings.Contains(all[i].why, f.why): // two forms that people need not tell apart
		default:
			older := all[i]
			all[i] = recogniser{f.format, func(s *signs) bool { return s.form == f.format || older.is(s) }, older.why + "; or " + f.why}
		}
	}
	return all
}

func isCombined(s *signs) bool { return s.shape == shapeCombined }

func isNginxJSON(s *signs) bool {
	return s.has(signStatus, signNginxTime) && s.any(signRequestText, signNginxRequest) &&
		!s.any(signRequestObject, signRouteID, signEnvoy, signTraefikStatus, signStartedAt, signKongAudit, signTS, signAudit)
}

func isHAProxy(s *signs) bool { return s.shape == shapeHAProxy || s.shape == shapeHAProxyCLF }

func isEnvoy(s *signs) bool {
	return s.shape == shapeEnvoy ||
		s.has(signEnvoy) && !s.any(signRequestObject, signRouteID, signTraefikStatus, signStartedAt, signKongAudit, signAudit)
}

func isTraefik(s *signs) bool {
	return s.shape == shapeTraefik || s.has(signTraefikStatus) && !s.any(signRequestObject, signRouteID, signKongAudit, signAudit)
}

// Kong's audit log of its admin API is a form of its own.
func isKong(s *signs) bool {
	return s.shape == shapeKong ||
		(s.has(signStartedAt, signRequestObject) || s.has(signKongAudit, signStatus)) && !s.any(signAudit)
}

// APISIX adds the route to the JSON that its operator chose.
func isAPISIX(s *signs) bool {
	return s.shape == shapeAPISIX ||
		(s.has(signRequestObject, signResponse, signStartTime) || s.has(signRouteID, signNginxTime)) &&
			!s.any(signStartedAt, signKongAudit, signAudit, signTS)
}

func isCaddy(s *signs) bool {
	return s.has(signTS, signMsg, signStatus, signRequestObject) && !s.any(signStartedAt, signKongAudit, signAudit)
}

func isKubernetes(s *signs) bool { return s.has(signAudit) }
