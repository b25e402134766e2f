package mapper

import (
	"strings"
	"testing"
	"time"
)

// What the tests of all dialects need to know of those of audit logs.

// auditGolden are the options of their golden files, by name.
func auditGolden(testing.TB) map[string]Options {
	return map[string]Options{
		"cloudtrail":          {Format: "cloudtrail"},
		"cloudtrail_wrapped":  {Format: "cloudtrail", KeepRaw: true},
		"actiontrail":         {Format: "actiontrail", AccountID: "1234567890"},
		"actiontrail_wrapped": {Format: "actiontrail"},
		"minio":               {Format: "minio"},
		"keycloak":            {Format: "keycloak"},
		"authlog":             {Format: "authlog"},

		"vault":             {Format: "vault"},
		"vault_requests":    {Format: "vault", LogFormat: "requests"},
		"gitlab":            {Format: "gitlab", KeepRaw: true},
		"gitlab_text":       {Format: "gitlab"},
		"gitea_access":      {Format: "gitea"},
		"grafana":           {Format: "grafana"},
		"opensearch":        {Format: "opensearch"},
		"teleport":          {Format: "teleport"},
		"postgresql":        {Format: "postgresql", TimeZone: time.FixedZone("CET", 3600)},
		"postgresql_csv":    {Format: "postgresql"},
		"postgresql_prefix": {Format: "postgresql", LogFormat: "%n [%p-%l] %r %u/%d/%i: "},
	}
}

// auditWriters write requests as they do.
func auditWriters() []writer {
	return []writer{
		{"minio", "", writeMinIO},
		{"keycloak", "", writeKeycloak},
		{"keycloak", "", writeKeycloakObject},
		{"authlog", "", writeSSH},
		{"authlog", "", writeSudo},
		{"vault", "", writeVault},
		{"gitlab", "", writeGitLab},
		{"gitlab", "", writeGitLabAudit},
		{"gitea", "", writeGitea},
		{"grafana", "", writeGrafana},
		{"grafana", "", writeGrafanaAudit},
		{"opensearch", "", writeOpenSearch},
		{"teleport", "", writeTeleport},
		{"postgresql", "", writePostgres},
		{"postgresql", "", writePostgresText},
	}
}

// auditNames are the names of what they write of a plain request, by format, where
// it is not by method and path that actions are told; "*" is any.
func auditNames() map[string]string {
	return map[string]string{"keycloak": "ConsoleSignin", "authlog": "*", "vault": "ReadSecret", "gitlab": "*", "grafana": "*", "opensearch": "*", "teleport": "SessionStart", "postgresql": "*"}
}

// auditExamination are the files of the corpus that they have to read.
func auditExamination() []examined {
	format := func(name string) []Options { return []Options{{Format: name}} }
	var all []examined
	for _, file := range []string{"opnsense-sshd__opnsense-sshd", "sshd-bad-keyexchange-bf__sshd-bad-keyexchange-bf", "sshd-impossible-travel__sshd-success-logs", "sshd-invalid-bf__sshd-invalid-bf", "sshd-refused-conn__sshd-refused-conn"} {
		all = append(all, examined{file: "audit/crowdsec/" + file + ".log", formats: format("authlog")})
	}
	return append(all,
		examined{file: "audit/crowdsec/sshd-logs__sshd-logs.log", formats: format("authlog"), answers: crowdsec},
		examined{file: "audit/crowdsec/keycloak-bf__keycloak-logs.log", formats: format("keycloak")},
		examined{file: "audit/crowdsec/grafana-bf__grafana-bf.log", formats: format("grafana")},
		examined{file: "audit/crowdsec/grafana-logs__grafana-logs.log", formats: format("grafana"), answers: crowdsec},
		examined{file: "audit/crowdsec/gitlab-logs__gitlab-logs.log", formats: format("gitlab"), answers: crowdsec},
		examined{file: "audit/crowdsec/pgsql-user-enum__pgsql-user-enum.log", formats: []Options{{Format: "postgresql", LogFormat: "%h %m [%p] %q%u@%d "}}},
		examined{file: "service/lnav/logfile_postgres.0", formats: format("postgresql")},
		examined{file: "service/postgresql.log/beats__postgresql-10-default.log", formats: format("postgresql")},
		examined{file: "service/postgresql.log/beats__postgresql-9.6-debian-with-slowlog.log", formats: format("postgresql"),
			refused: []refusal{{func(line string) bool { return strings.HasPrefix(line, "    FROM ") }, "a statement that goes on behind spaces, where PostgreSQL writes a tab", true}}},
		examined{file: "service/postgresql.log/beats__postgresql-9-log-statement-all.log", formats: format("postgresql")},
		examined{file: "service/postgresql.log/beats__postgresql-13-log-statement-all.log", formats: format("postgresql")},
		examined{file: "service/postgresql.log/beats__postgresql-11-start-stop.csv.log", formats: format("postgresql")},
	)
}
