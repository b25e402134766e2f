// Package query is KQL: the one filter language for search, trails, alerts and live tail.
package query

import "github.com/actiontrail/actiontrail/event"

// Expr is a parsed query. It is never changed, and safe for concurrent use.
type Expr interface {
	// Match tells whether the event matches.
	Match(e *event.Event) bool
	// String prints the query so that Parse gives the same Expr again.
	String() string
}
