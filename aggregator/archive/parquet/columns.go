// Package parquet is a form of the events of an archive: Apache Parquet, with the
// canonical line of each event as a column, and columns of what people group by.
//
// The Writer is the library's. The Reader is our own: it takes what the Writer
// writes and nothing else, since it reads what may come from a stranger's archive,
// in bounded memory and without the many forms that Parquet may have.
// docs/format/parquet.md gives the schema and the form.
package parquet

// Version is that of the schema, which stands in each file under VersionKey.
const Version = "1"

// VersionKey is the key of the metadata that tells the version of the schema.
const VersionKey = "actiontrail.schema"

// Body is the column with the canonical lines. It is the last one.
const Body = "body"

// kind is how the values of a column are stored.
type kind uint8

const (
	text       kind = iota // UTF-8, each for itself
	dictionary             // UTF-8, each value once and its number for each row
	instant                // microseconds since 1970 in UTC
)

// column is one of a file but for the body. A value that the event does not have is null.
type column struct {
	name  string
	field string // of the event: canonical
	kind  kind
	// bounds tells that the footer has the least and the greatest value: of times and
	// of what has few values, so that it stays small.
	bounds bool
}

// columns of Version. Their names are none of the partitions of a layout (account,
// region, dt, hour), which readers take from the key: most refuse a column that is there twice.
func columns() []column {
	return []column{
		{"event_id", "eventId", text, false},
		{"event_time", "eventTime", instant, true},
		{"event_name", "eventName", dictionary, true},
		{"event_type", "eventType", dictionary, true},
		{"event_category", "eventCategory", dictionary, true},
		{"event_rw", "eventRW", dictionary, true},
		{"service_name", "serviceName", dictionary, true},
		{"event_source", "eventSource", dictionary, true},
		{"api_version", "apiVersion", dictionary, false},
		{"acs_region", "acsRegion", dictionary, true},
		{"recipient_account_id", "recipientAccountId", dictionary, true},
		{"source_ip", "sourceIpAddress", dictionary, false},
		{"user_agent", "userAgent", dictionary, false},
		{"vpc_id", "vpcId", dictionary, false},
		{"request_id", "requestId", text, false},
		{"error_code", "errorCode", dictionary, true},
		{"error_message", "errorMessage", dictionary, false},
		{"resource_type", "resourceType", dictionary, true},
		{"resource_name", "resourceName", dictionary, false},
		{"user_type", "userIdentity.type", dictionary, true},
		{"user_name", "userIdentity.userName", dictionary, true},
		{"principal_id", "userIdentity.principalId", dictionary, true},
		{"account_id", "userIdentity.accountId", dictionary, true},
		{"access_key_id", "userIdentity.accessKeyId", dictionary, true},
		{"trust", "userIdentity.trust", dictionary, true},
		{"identity_source", "userIdentity.source", dictionary, false},
		{"agent", "origin.agent", dictionary, true},
		{"source", "origin.source", dictionary, true},
		{"observed_time", "origin.observedTime", instant, true},
	}
}
