package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/cmd/internal/lanes"
	"github.com/actiontrail/actiontrail/config"
)

func newValidateCommand() *cobra.Command {
	insecure := false
	cmd := &cobra.Command{
		Use:   "validate FILE…",
		Short: "Check configuration files, and tell every mistake with its place",
		Long: `Checks configuration files, or folders of *.hcl files, that belong together, and runs the tests in their mappers. It needs no server.
Plugins are started and asked what they say of their config block; one that cannot be started here is told, and is no mistake.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := config.Load(args...)
			if err != nil {
				return usageError("the configuration is wrong\n\n%w", err)
			}
			if err := checkAPI(cfg.API, insecure); err != nil {
				return usageError("the configuration is wrong\n\n%w", err)
			}
			err = lanes.CheckPlugins(cmd.Context(), cfg, slog.New(slog.DiscardHandler), func(source string, err error) {
				fmt.Fprintf(cmd.ErrOrStderr(), "source %s: its config block was not checked, as only the plugin can: %v\n", source, err)
			})
			if err != nil {
				return usageError("the configuration is wrong\n\n%w", err)
			}
			err = checkDestinations(cmd.Context(), cfg, slog.New(slog.DiscardHandler), func(delivery string, err error) {
				fmt.Fprintf(cmd.ErrOrStderr(), "delivery %s: its config block was not checked, as only the plugin can: %v\n", delivery, err)
			})
			if err != nil {
				return usageError("the configuration is wrong\n\n%w", err)
			}
			tests, failed := runCases(cfg)
			if len(failed) > 0 {
				return usageError("the mappers do not do what their tests expect\n\n%s\n\n%d of %s failed", strings.Join(failed, "\n"), len(failed), count(tests, "test"))
			}
			fmt.Fprintf(cmd.OutOrStdout(), "right: %s, %s, %s", count(len(cfg.Files), "file"), count(len(cfg.Sources), "source"), count(len(cfg.Trails), "trail"))
			if tests > 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "; %s of mappers passed", count(tests, "test"))
			}
			fmt.Fprintln(cmd.OutOrStdout())
			for i := range cfg.Trails {
				fmt.Fprintf(cmd.OutOrStdout(), "trail %s\n", trailLine(&cfg.Trails[i]))
			}
			if keep, others := besideResidence(cfg.Trails); len(keep) > 0 && len(others) > 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "residence is that of the deliveries of %s: these trails deliver events wherever they say: %s\n", strings.Join(keep, ", "), strings.Join(others, ", "))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&insecure, "insecure", false, "as for the server: the API may listen for other machines without TLS and token")
	return cmd
}

// trailLine says of a trail what it delivers where.
func trailLine(t *config.Trail) string {
	to := make([]string, len(t.Deliver))
	for i := range t.Deliver {
		d := &t.Deliver[i]
		if to[i] = d.Name + " " + d.Target(); d.Narrow != "" {
			to[i] += " (" + d.Narrow + ")"
		}
	}
	line := fmt.Sprintf("%s: %s; delivers to %s", t.Name, cmp.Or(t.Where, "(all events)"), strings.Join(to, ", "))
	if t.Leaves() {
		line += "; events that none of these takes are in the index alone"
	}
	if t.Residence {
		line += "; residence: no event goes to two of them"
	}
	return line
}

// besideResidence are the trails that deliver events whatever residence another one
// keeps: what is proven is proven of the deliveries of one trail.
func besideResidence(trails []config.Trail) (keep, others []string) {
	for i := range trails {
		if t := &trails[i]; t.Residence {
			keep = append(keep, t.Name)
		} else {
			others = append(others, t.Name)
		}
	}
	return keep, others
}

func count[N int | uint64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
