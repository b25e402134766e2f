// Command sink-ndjson is an example of a sink in a program of its own. It appends
// events to one file, a line each, and syncs it before it says that it has them.
package main

import (
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
)

func main() { host.Serve(plugin()) }

func plugin() host.Plugin {
	return host.Plugin{Sink: func(config []byte) (plugins.Sink, error) { return newSink(config) }}
}
