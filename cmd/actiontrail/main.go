// Command actiontrail is the self-hosted audit trail: the server that is agent,
// aggregator and NATS in one process, each of them alone, and the clients.
package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/cmd/internal/lanes"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(run(os.Args[1:])) }

// run is main without the process: it returns the exit code.
func run(args []string) int { return process.Run(newRootCommand(pace{}), args) }

// pace is how fast agents report and are missed, and how long a lease lasts. Zero is as it is meant; only tests are faster.
type pace struct{ report, silent, lease time.Duration }

func newRootCommand(p pace) *cobra.Command {
	root := &cobra.Command{
		Use:   "actiontrail",
		Short: "An audit trail for people who run their own gateways",
		Long: `actiontrail records who did what, when, to what, from where, through a console or an API gateway, with what result:
agents tail gateway logs, an aggregator indexes the events and archives them as declared in trails.`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newServerCommand(p), lanes.NewCommand("agent", version, p.report, sourceMakers()...), newAggregatorCommand(p), newValidateCommand(), newMapCommand(),
		newSearchCommand(), newTailCommand(), newExportCommand(), newFieldsCommand(), newEventCommand(), newTrailCommand(), newPlanCommand(), newAgentsCommand(), newVerifyCommand(), newArchiveCommand(), newProofCommand(), newBundleCommand(), newIndexCommand(), newQuarantineCommand(), newKeysCommand(), newPluginCommand())
	return root
}
