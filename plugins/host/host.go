// Package host lets sources and sinks be processes of their own. An outside plugin
// calls Serve in its main; the agent makes a Source, or the aggregator a Sink, of a
// Program, and uses it as one that is built in. What the two say to each other is in
// proto/actiontrail/plugin/v1, over gRPC as go-plugin carries it; other languages
// speak it as well (docs/guide/plugins.md).
//
// A process that dies costs nothing but time: its source is started again at the
// cursor after the last batch that was read of it.
package host

import (
	"time"

	"github.com/hashicorp/go-plugin"

	"github.com/actiontrail/actiontrail/plugins"
)

// ProtocolVersion is the version of what agent and plugin say to each other. An
// agent tells all that it knows, and the plugin takes one of them.
const ProtocolVersion = 1

// The cookie tells a program that it was started as a plugin and not by hand. It is no secret.
const (
	CookieKey   = "ACTIONTRAIL_PLUGIN"
	CookieValue = "a3f1d8c2-5f0e-4a65-9d0b-7c4e1b9a62d7"
)

// DefaultPatience is how long a plugin may take to start, and to answer anything but
// Read and Write.
const DefaultPatience = 30 * time.Second

// What the two sides keep for each other on the way. Windows are as large as a few
// batches: enough that neither waits, little enough that a source is held back soon.
const (
	window    = 1 << 20
	mostBytes = 72 << 20 // of one answer; a record has 64 MiB at most
)

// Plugin is what a plugin process offers. Either may be nil.
type Plugin struct {
	// Source makes a source that is not open yet, from the config block as a JSON
	// object (plugins.DecodeConfig reads it). What is wrong with the configuration comes as a
	// *plugins.ConfigError. It is also called to check a configuration: it opens nothing.
	Source func(config []byte) (plugins.Source, error)
	// Sink does the same for a sink. One that is an io.Closer is closed in the end.
	Sink func(config []byte) (plugins.Sink, error)
}

func handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{ProtocolVersion: ProtocolVersion, MagicCookieKey: CookieKey, MagicCookieValue: CookieValue}
}
