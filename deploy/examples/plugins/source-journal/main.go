// Command source-journal is an example of a source in a program of its own. It reads
// a folder of numbered files, 000001.ndjson, 000002.ndjson and so on: a program
// appends lines to the last one and begins the next one when it likes.
package main

import (
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
)

func main() { host.Serve(plugin()) }

func plugin() host.Plugin {
	return host.Plugin{Source: func(config []byte) (plugins.Source, error) { return newJournal(config) }}
}
