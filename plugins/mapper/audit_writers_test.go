package mapper

import "strings"

// What the systems with audit logs of their own write of hostile requests.

func writeMinIO(c *asked) string {
	headers := objectOf([2]string{"Authorization", c.authorization}, [2]string{"User-Agent", c.agent}, [2]string{"X-Trace", c.trace}, [2]string{"X-Api-Key", c.apiKey}, [2]string{"Cookie", c.apiKey})
	query := ""
	for pair := range strings.SplitSeq(c.query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		query += `,"` + jsonText(string(appendUnescaped(nil, name, true))) + `":"` + jsonText(string(appendUnescaped(nil, value, true))) + `"`
	}
	return `{"version":"1","deploymentid":"d-1","time":"2026-11-21T01:26:57.756Z","trigger":"incoming","api":{"name":"GetObject","statusCode":403,` +
		objectOf([2]string{"bucket", c.host}, [2]string{"object", c.referer}) + `},"requestQuery":{` + strings.TrimPrefix(query, ",") + `},"requestHeader":{` + headers + `},"responseHeader":{` + objectOf([2]string{"Set-Cookie", c.apiKey}) +
		`},"requestClaims":{` + objectOf([2]string{"sub", c.user}, [2]string{"sessionPolicy", c.apiKey}) + `},"remotehost":"192.0.2.1",` +
		objectOf([2]string{"requestID", c.id}, [2]string{"userAgent", c.agent}, [2]string{"requestPath", c.path}, [2]string{"requestHost", c.host}, [2]string{"accessKey", c.user}, [2]string{"error", c.trace}) + `}`
}

// quotedText is text in quotes, as logs of key="value" have it.
func quotedText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`).Replace(s) + `"`
}

func writeKeycloak(c *asked) string {
	return `2026-11-21 01:26:57,357 WARN  [org.keycloak.events] (executor-thread-7) type="LOGIN_ERROR", realmId="r-1", clientId=` + quotedText(c.host) + `, userId="null", ipAddress="192.0.2.1", error=` + quotedText(or(c.trace, "x")) +
		`, auth_method="openid-connect", redirect_uri=` + quotedText(c.referer) + `, code_id=` + quotedText(c.id) + `, username=` + quotedText(c.user)
}

func writeKeycloakObject(c *asked) string {
	return `{"time":1795224417404,"type":"LOGIN","realmId":"r-1",` + objectOf([2]string{"clientId", c.host}, [2]string{"userId", c.user}, [2]string{"sessionId", c.id}, [2]string{"ipAddress", "192.0.2.1"}) +
		`,"details":{` + objectOf([2]string{"username", c.user}, [2]string{"redirect_uri", c.referer}, [2]string{"auth_method", c.trace}) + `},"representation":"` + jsonText(c.apiKey) + `"}`
}

// visible is text as sshd writes it: bytes that are not to be seen in octal.
func visible(s string) string {
	return strings.NewReplacer("\n", `\n`, "\r", `\r`, "\x00", `\000`, "\x1b", `\033`).Replace(s)
}

func writeSSH(c *asked) string {
	return "2026-11-21T01:26:57.738197+00:00 web-1 sshd[813]: Failed password for invalid user " + visible(c.user) + " from 192.0.2.1 port 51182 ssh2"
}

// writeSudo: the folder and the command are what the caller made of them.
func writeSudo(c *asked) string {
	return "2026-11-21T01:26:57.738197+00:00 web-1 sudo:    alice : TTY=pts/0 ; PWD=" + visible(c.referer) + " ; USER=root ; COMMAND=/bin/x " + visible(c.query) + " " + visible(c.trace) + " " + visible(c.agent)
}

func writeVault(c *asked) string {
	headers := objectOf([2]string{"user-agent", c.agent}, [2]string{"x-trace", c.trace}, [2]string{"authorization", c.authorization}, [2]string{"x-api-key", c.apiKey})
	return `{"time":"2026-11-21T01:26:57Z","type":"response","auth":{` + objectOf([2]string{"display_name", c.user}, [2]string{"entity_id", c.user}, [2]string{"client_token", c.apiKey}) +
		`},"request":{"operation":"read","mount_type":"kv","remote_address":"192.0.2.1","headers":{` + headers + `},` + objectOf([2]string{"id", or(c.id, "r-1")}, [2]string{"path", "secret/data" + c.path}) +
		`,"data":{` + objectOf([2]string{"x", c.apiKey}) + `}},"response":{"data":{` + objectOf([2]string{"error", c.referer}) + `}}}`
}

func writeGitLab(c *asked) string {
	return `{"time":"2026-11-21T01:26:57.821Z","controller":"A","action":"b","status":200,"remote_ip":"192.0.2.1","params":[{"key":"x","value":"` + jsonText(c.apiKey) + `"}],` +
		objectOf([2]string{"method", c.method}, [2]string{"path", c.target()}, [2]string{"username", c.user}, [2]string{"ua", c.agent}, [2]string{"correlation_id", c.id}) + `}`
}

func writeGitLabAudit(c *asked) string {
	return `{"time":"2026-11-21T01:26:57.821Z","author_id":1,"entity_type":"Project","ip_address":"192.0.2.1",` +
		objectOf([2]string{"author_name", c.user}, [2]string{"entity_path", c.path}, [2]string{"change", or(c.host, "x")}, [2]string{"from", c.trace}, [2]string{"to", c.referer}, [2]string{"custom_message", c.agent}) + `}`
}

func writeGitea(c *asked) string {
	return "192.0.2.1 - " + dashed(visible(c.user)) + " [21/Nov/2026:01:26:57 +0000] \"" + c.method + " " + visible(c.target()) + " HTTP/1.1\" 200 2 \"" + visible(c.referer) + "\" \"" + visible(c.agent) + "\""
}

func writeGrafana(c *asked) string {
	return "logger=context userId=1 orgId=1 uname=" + quotedText(c.user) + ` t=2026-11-21T01:26:57Z level=info msg="Request Completed" method=` + quotedText(c.method) + " path=" + quotedText(c.target()) +
		" status=200 remote_addr=192.0.2.1 time_ms=10 size=94 referer=" + quotedText(c.referer) + " handler=" + quotedText(c.host) + " error=" + quotedText(c.trace)
}

func writeGrafanaAudit(c *asked) string {
	return `{"timestamp":"2026-11-21T01:26:57Z","action":"create","user":{"userId":1,` + objectOf([2]string{"name", c.user}) + `},"request":{` + objectOf([2]string{"body", c.apiKey}) + `},"result":{"statusType":"failure","statusCode":403,` +
		objectOf([2]string{"failureMessage", c.trace}) + `},"resources":[{` + objectOf([2]string{"id", c.host}, [2]string{"type", c.host}) + `}],"grafanaVersion":"11",` + objectOf([2]string{"requestUri", c.target()}, [2]string{"userAgent", c.agent}) + `}`
}

func writeOpenSearch(c *asked) string {
	headers := ""
	for _, h := range [][2]string{{"User-Agent", c.agent}, {"Referer", c.referer}, {"X-Trace", c.trace}, {"Authorization", c.authorization}, {"X-Api-Key", c.apiKey}, {"Cookie", c.apiKey}} {
		headers += `,"` + h[0] + `":["` + jsonText(h[1]) + `"]`
	}
	return `{"audit_format_version":4,"audit_category":"FAILED_LOGIN","@timestamp":"2026-11-21T01:26:57.404+00:00","audit_request_remote_address":"192.0.2.1","audit_rest_request_headers":{` + headers[1:] + `},"audit_rest_request_params":{` +
		objectOf([2]string{"x", c.query}) + `},` + objectOf([2]string{"audit_request_effective_user", c.user}, [2]string{"audit_rest_request_method", c.method}, [2]string{"audit_rest_request_path", c.path}, [2]string{"audit_trace_indices", c.host}, [2]string{"audit_request_body", c.apiKey}) + `}`
}

func writeTeleport(c *asked) string {
	return `{"ei":0,"event":"session.start","code":"T2000I","time":"2026-11-21T01:26:57Z","addr.remote":"192.0.2.1:1",` +
		objectOf([2]string{"uid", or(c.id, "u-1")}, [2]string{"user", c.user}, [2]string{"login", c.trace}, [2]string{"server_hostname", c.host}, [2]string{"user_agent", c.agent}, [2]string{"command", c.referer}, [2]string{"db_query", c.apiKey}) + `}`
}

func writePostgres(c *asked) string {
	statement := `"` + strings.ReplaceAll("select "+c.trace+" '"+strings.ReplaceAll(c.apiKey, "'", "''")+"'", `"`, `""`) + `"`
	return `{"timestamp":"2026-11-21 01:26:57.123 UTC","pid":1,"error_severity":"LOG",` +
		objectOf([2]string{"user", c.user}, [2]string{"dbname", c.host}, [2]string{"remote_host", "192.0.2.1"}, [2]string{"application_name", c.agent}, [2]string{"message", "AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.account," + statement + ",<none>"}, [2]string{"statement", c.referer}) + `}`
}

func writePostgresText(c *asked) string {
	return "2026-11-21 01:26:57.123 UTC [123] " + visible(c.user) + "@shop LOG:  AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.account,\"select " + strings.ReplaceAll(visible(c.trace), `"`, `""`) + "\",<none>"
}
