// Command actiontrail-agent is the light agent for gateway machines: it reads
// logs and sends events to NATS, and links nothing that it does not need for that.
package main

import (
	"os"

	"github.com/actiontrail/actiontrail/cmd/internal/lanes"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
)

// version is set by the linker.
var version = "dev"

func main() {
	cmd := lanes.NewCommand("actiontrail-agent", version, 0)
	cmd.Version = version
	os.Exit(process.Run(cmd, os.Args[1:]))
}
