package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/config"
)

func newTrailShowCommand() *cobra.Command {
	var f clientFlags
	hcl := false
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show all that is known of one trail, or with --hcl its block as a configuration has it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.dial()
			if err != nil {
				return err
			}
			s := f.screen(cmd)
			if hcl {
				r, err := c.GetTrail(cmd.Context(), args[0], &api.GetTrailParams{Format: api.GetTrailParamsFormatHcl}, accept("application/hcl"))
				if err := c.check(r, err); err != nil {
					return err
				}
				defer r.Body.Close()
				return s.copy(r.Body)
			}
			trails, err := f.trails(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if f.output == "json" {
				return printJSON(s, trails[0])
			}
			return printTrail(s.w, trails[0])
		},
	}
	cmd.Flags().BoolVar(&hcl, "hcl", false, "print its block, to be put into a configuration file")
	f.register(cmd, "table", "json")
	return cmd
}

func newTrailPutCommand() *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "put FILE",
		Short: "Make a trail of the one trail block in a file (-: standard input), or change the one that was made so",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readText(cmd, args[0])
			if err != nil {
				return usageError("read the trail: %w", err)
			}
			name, err := config.TrailName(text)
			if err != nil {
				return usageError("%s: %w", args[0], err)
			}
			c, err := f.dial()
			if err != nil {
				return err
			}
			r, err := c.PutTrailWithBody(cmd.Context(), name, "application/hcl", bytes.NewReader(text))
			var t api.TrailStatus
			if err := c.decode(r, err, &t); err != nil {
				return err
			}
			return f.printOne(cmd, t, fmt.Sprintf("trail %s is %s, delivers to %s\n", t.Name, t.State, deliveries(t)))
		},
	}
	f.register(cmd, "table", "json")
	return cmd
}

func newTrailDeleteCommand() *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Take away a trail that was made through the API; what it has delivered stays",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.dial()
			if err != nil {
				return err
			}
			r, err := c.DeleteTrail(cmd.Context(), args[0], asJSON)
			var t api.TrailStatus
			if err := c.decode(r, err, &t); err != nil {
				return err
			}
			return f.printOne(cmd, t, fmt.Sprintf("trail %s is gone; what it has delivered stays in %s\n", t.Name, deliveries(t)))
		},
	}
	f.register(cmd, "table", "json")
	return cmd
}

// printOne prints an answer about a trail: as JSON, or a line.
func (f *clientFlags) printOne(cmd *cobra.Command, t api.TrailStatus, line string) error {
	s := f.screen(cmd)
	if f.output == "json" {
		return printJSON(s, t)
	}
	_, err := io.WriteString(s.w, visible(line[:len(line)-1])+"\n")
	return err
}

// readText reads a file, or the standard input.
func readText(cmd *cobra.Command, path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(cmd.InOrStdin())
	}
	return os.ReadFile(path)
}
