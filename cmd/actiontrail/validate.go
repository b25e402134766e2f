package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/config"
)

func newValidateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE…",
		Short: "Check configuration files, and tell every mistake with its place",
		Long:  "Checks configuration files, or folders of *.hcl files, that belong together. It needs no server.",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := config.Load(args...)
			if err != nil {
				return usageError("the configuration is wrong\n\n%w", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "right: %s, %s, %s\n", count(len(cfg.Files), "file"), count(len(cfg.Sources), "source"), count(len(cfg.Trails), "trail"))
			return nil
		},
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
