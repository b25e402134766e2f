package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
)

func newIndexCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "index",
		Short: "Check the index, make it anew, or bring back what it has no longer",
		Long: `Run check and rebuild where the aggregator's data folder is, as the user that the aggregator runs as, while it does not run;
import and imports ask a server that runs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newIndexCheckCommand(), newIndexRebuildCommand(), newIndexImportCommand(), newIndexImportsCommand())
	return cmd
}

func newIndexCheckCommand() *cobra.Command {
	var data, output string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Read all of the index, and tell what is damaged",
		Long: `check reads every file of the index, every checksum and every event, and looks each event up by each of its values. It
changes nothing. It exits with 0 when all is well, with 1 when something is damaged, and with 2 when it could not check.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return checkIndex(cmd, data, output) },
	}
	cmd.Flags().StringVar(&data, "data", "./data", "data folder of the aggregator")
	registerOutput(cmd, &output, "table", "json")
	return cmd
}

func checkIndex(cmd *cobra.Command, data, output string) error {
	dir := filepath.Join(data, aggregatorFolder, indexFolder)
	report, err := local.Check(cmd.Context(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return process.UsageError("there is no index in %s: name the data folder of the aggregator with --data", dir)
	} else if err != nil {
		return process.UsageError("the index in %s cannot be checked: %w: does a server run on it?", dir, err)
	}
	s := newScreen(cmd.OutOrStdout())
	if output == "json" {
		err = printJSON(s, report)
	} else {
		err = printCheck(s, dir, &report)
	}
	if err != nil {
		return usageError("write the report: %w", err)
	}
	if !report.OK() {
		return &exitError{Code: exitNo}
	}
	return nil
}

var checkColumns = []column{
	{title: "FILE", least: 12}, {title: "CLASS", least: 5}, {title: "EVENTS", least: 6}, {title: "BYTES", least: 6}, {title: "FROM", least: 20}, {title: "TO", least: 20},
	{title: "PROBLEMS", least: 8, alarm: func(s string) bool { return s != "-" }},
}

func printCheck(s screen, dir string, r *local.Report) error {
	events, problems := 0, 0
	var rows [][]string
	var b strings.Builder
	for _, f := range r.Files {
		found := "-"
		if len(f.Problems) > 0 {
			found = fmt.Sprint(len(f.Problems))
		}
		class := f.Class
		if class == "" {
			class = "-"
		}
		rows = append(rows, []string{f.File, class, fmt.Sprint(f.Events), fmt.Sprint(f.Bytes), timeOr(f.From, "-"), timeOr(f.To, "-"), found})
		events += f.Events
		for _, p := range f.Problems {
			fmt.Fprintf(&b, "%s: %s\n", visible(f.File), visible(p))
			problems++
		}
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "%s\n", visible(p))
		problems++
	}
	if len(rows) > 0 {
		if err := newTable(s, checkColumns, rows).print(rows); err != nil {
			return err
		}
	}
	switch {
	case problems == 1:
		fmt.Fprintf(&b, "FAILED: 1 problem\n")
	case problems > 1:
		fmt.Fprintf(&b, "FAILED: %d problems\n", problems)
	default:
		fmt.Fprintf(&b, "OK: %d events in %d files, up to batch %d of the stream\n", events, len(r.Files), r.Seq)
	}
	_, err := s.w.Write([]byte("\n" + b.String()))
	return err
}
