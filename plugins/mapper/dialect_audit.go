package mapper

// auditDialects are those of systems that write an audit log of their own: what
// was done in their words, and who did it.
func auditDialects() []dialect {
	return []dialect{
		{"kubernetes", kubernetes},
		{"cloudtrail", give(cloudTrail)},
		{"actiontrail", give(actionTrail)},
		{"minio", minio},
		{"keycloak", keycloak},
		{"authlog", authlog},
		{"vault", vault},
		{"gitlab", gitlab},
		{"gitea", gitea},
		{"grafana", grafana},
		{"opensearch", opensearch},
		{"teleport", teleport},
		{"postgresql", postgresql},
		{formatNative, fixed(nil)}, // see Map
	}
}

// MapsEvents tells whether a dialect's records are events already, which no rules
// name: they have no routes.
func MapsEvents(format string) bool {
	return format == formatNative || format == "cloudtrail" || format == "actiontrail"
}
