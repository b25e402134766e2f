package mapper

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

const (
	apiGatewayOwnLog = `$context.requestTimeEpoch|$context.identity.sourceIp|$context.httpMethod|$context.path|$context.resourcePath|$context.status|$context.authorizer.principalId|$context.authorizer.plan|"$context.identity.userAgent"`
	apiGatewayOwn    = `{"at":$context.requestTimeEpoch,"request":{"verb":"$context.httpMethod","uri":"$context.path","from":"$context.identity.sourceIp"},"status":$context.status,` +
		`"who":{"sub":"$context.authorizer.claims.sub","dn":"$context.identity.clientCert.subjectDN"},"fixed":"x","tenant":"$context.authorizer.tenant"}`
	krakendOwnLog = `[KRAKEND] %{time} [AccessLog] |%{statusCode}| %{latencyMs} | %{clientIP} | %{method} %{path}\n`
)

func gatewayGolden(t testing.TB) map[string]Options {
	tenant := &Rules{Default: Default{Action: Join(value(t, "method"), Literal(" "), value(t, "fields.authorizer.plan"), value(t, "fields.authorizer.tenant"))}}
	return map[string]Options{
		"alb":             {Format: "alb", Rules: gateway(t), KeepRaw: true},
		"apigateway":      {Format: "apigateway", HashKey: []byte("k")},
		"apigateway_own":  {Format: "apigateway", LogFormat: apiGatewayOwnLog, Rules: tenant},
		"apigateway_json": {Format: "apigateway", LogFormat: apiGatewayOwn, Rules: tenant},
		"tyk":             {Format: "tyk", HashKey: []byte("key of the account"), KeepRaw: true},
		"krakend":         {Format: "krakend"},
		"krakend_own":     {Format: "krakend", LogFormat: krakendOwnLog},
		"spring":          {Format: "spring"},
		"envoy_istio":     {Format: "istio"},
	}
}

func gatewayWriters() []writer {
	return []writer{
		{"istio", "", writeEnvoy},
		{"alb", "", func(c *asked) string {
			return fmt.Sprintf(`https 2026-11-21T01:26:57.404123Z app/edge/50dc 192.0.2.7:2817 10.0.0.1:80 0.001 0.002 0.000 200 200 34 366 "%s https://%s%s HTTP/1.1" "%s" - - - "%s" "-" "-" 1 2026-11-21T01:26:57.401000Z "forward" "-" "-" "-" "-" "-" "-"`,
				c.method, or(nginxEscaped(c.host), "a.example"), nginxEscaped(c.target()), nginxEscaped(dashed(c.agent)), nginxEscaped(dashed(c.id)))
		}},
		{"apigateway", "", func(c *asked) string { // its default has no query
			return `{"requestTime":"21/Nov/2026:01:26:57 +0000","ip":"192.0.2.1","status":"200","responseLength":"1",` + objectOf([2]string{"requestId", or(c.id, "r")}, [2]string{"httpMethod", c.method}, [2]string{"path", c.target()},
				[2]string{"user", c.user}, [2]string{"domainName", c.host}, [2]string{"userAgent", c.agent}, [2]string{"errorMessage", c.referer}) + `}`
		}},
		{"tyk", "", func(c *asked) string {
			return `{"timestamp":"2026-11-21T01:26:57.404Z","response_code":200,"org_id":"o","api_id":"a",` + objectOf([2]string{"method", c.method}, [2]string{"host", c.host}, [2]string{"raw_path", c.target()}, [2]string{"api_key", c.apiKey},
				[2]string{"alias", c.user}, [2]string{"user_agent", c.agent}, [2]string{"raw_request", c.authorization}, [2]string{"raw_response", c.trace}) + `}`
		}},
		{"krakend", "", func(c *asked) string {
			return "[GIN] 2026/11/21 - 01:26:57 | 200 |    1.2034ms |      192.0.2.7 | " + fmt.Sprintf("%-7s", c.method) + " " + strconv.Quote(c.target())
		}},
		{"spring", "", func(c *asked) string {
			return `192.0.2.7:4711 - - [21/Nov/2026:01:26:57 +0000] "` + nginxEscaped(c.method+" "+c.target()) + ` HTTP/1.1" 200 17 12 ms`
		}},
	}
}

func TestWrongVariableFormats(t *testing.T) {
	for format, want := range map[string]string{
		"apigateway: x":                                  "has no variables",
		"apigateway: $context.status":                    "does not say where the time is",
		"apigateway: $context.requestTime":               "does not say what was done",
		"apigateway: $context.requestTime $context.path": "where the method is",
		"apigateway: $context.status$context.path":       "without text between",
		"apigateway: {":                                  "is not JSON with variables as values",
		`apigateway: {"a":"$context.path"}`:              "does not say where the time is",
		"krakend: %{time} %{method} %{path}":             "where the status is",
		"krakend: %{time":                                "has no variables",
		"spring: x":                                      "its lines have one form",
		"alb: x":                                         "its lines have one form",
		"tyk: x":                                         "its lines have one form",
	} {
		name, text, _ := strings.Cut(format, ": ")
		if _, err := New(Options{Format: name, LogFormat: text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", format, err, want)
		}
	}
}
