package mapper

// auditForms are the forms of audit logs that are told by what nobody else writes.
func auditForms() []recordForm {
	return []recordForm{
		{format: "cloudtrail", keys: []string{`eventVersion="`, `eventTime="`, `eventSource="`, `eventName="`, `awsRegion="`}, why: "JSON with eventName, eventSource and awsRegion"},
		{format: "actiontrail", keys: []string{`eventId="`, `eventTime="`, `eventSource="`, `eventName="`, `acsRegion="`}, why: "JSON with eventName, eventSource and acsRegion"},
		{format: "minio", keys: []string{"deploymentid", "api={", "time"}, why: "JSON with deploymentid and an api that is an object"},
		{format: "minio", keys: []string{"BucketOwner", "Operation", "HttpStatus"}, why: "JSON with BucketOwner, Operation and HttpStatus"},
		{format: "keycloak", keys: []string{"loggerName=org.keycloak.events", "message"}, why: "loggerName org.keycloak.events"},
		{format: "keycloak", keys: []string{"realmId", "type=\"", "time=0"}, why: "JSON with realmId and a type or operationType"},
		{format: "keycloak", keys: []string{"realmId", "operationType=\"", "time=0"}, why: "JSON with realmId and a type or operationType"},
		{format: "keycloak", line: isKeycloakLine, why: "[org.keycloak.events] (thread) type="},
		{format: "authlog", line: isAuthlogLine, why: "a line of syslog whose program is sshd, sudo or su"},
		{format: "vault", keys: []string{"type=response", "request={", "time=\""}, why: "JSON with type request or response, and a request that is an object"},
		{format: "vault", keys: []string{"type=request", "request={", "time=\""}, why: "JSON with type request or response, and a request that is an object"},
		{format: "gitlab", keys: []string{"author_id", "entity_type"}, why: "JSON with author_id and entity_type"},
		{format: "gitlab", keys: []string{"controller", "action", "method", "path", "time"}, why: "JSON with controller, action, method and path"},
		{format: "grafana", keys: []string{"logger=context", "msg", "t"}, why: "logger context with msg and t"},
		{format: "grafana", keys: []string{"logger=http.server", "msg", "t"}, why: "logger http.server with msg and t"},
		{format: "grafana", keys: []string{"grafanaVersion", "action"}, why: "JSON with grafanaVersion and action"},
		{format: "grafana", line: isGrafanaLine, why: "logger=context or http.server, t= and level="},
		{format: "opensearch", keys: []string{"audit_category", "audit_format_version"}, why: "JSON with audit_category"},
		{format: "teleport", keys: []string{"event", "uid", "code", "ei"}, why: "JSON with event, uid, code and ei"},
		{format: "postgresql", keys: []string{"error_severity", "message", "timestamp", "pid"}, why: "JSON with error_severity and pid"},
		{format: "postgresql", line: isPostgresLine, why: "time, zone, [pid], and LOG: or another severity"},
	}
}
