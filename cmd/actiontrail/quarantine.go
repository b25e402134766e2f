package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

func newQuarantineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "See what could not be processed, and take it in again",
		Long: `What comes through the stream and cannot be trusted or not be read is kept as it came, with the reason.
docs/runbook/quarantine.md tells what each reason means and what to do.`,
	}
	cmd.AddCommand(newQuarantineListCommand(), newQuarantineRetryCommand())
	return cmd
}

var quarantineColumns = []column{{title: "ENTRY", fixed: true}, {title: "STORED", fixed: true}, {title: "SUBJECT", least: 12}, {title: "REASON", fixed: true}, {title: "BYTES", fixed: true}, {title: "STATE", fixed: true}, {title: "DETAIL", least: 16}}

func newQuarantineListCommand() *cobra.Command {
	var f clientFlags
	limit := 100
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show what is in quarantine, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := listQuarantine(cmd, &f, limit)
			if err != nil {
				return err
			}
			s := f.screen(cmd)
			if f.output == "json" {
				return printJSON(s, list)
			}
			if list.Total == 0 {
				_, err := fmt.Fprintln(s.w, "nothing is in quarantine")
				return err
			}
			var rows [][]string
			for _, e := range list.Entries {
				rows = append(rows, []string{e.ID, timeOr(e.Stored, "-"), e.Subject, e.Reason, fmt.Sprint(e.Bytes), quarantineState(&e), e.Detail})
			}
			if err := newTable(s, quarantineColumns, rows).print(rows); err != nil {
				return err
			}
			if rest := list.Total - len(list.Entries); rest > 0 {
				_, err = fmt.Fprintf(s.w, "%d older entries are not shown: --limit\n", rest)
			}
			return err
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "how many entries, 1000 at most")
	f.register(cmd, "table", "json")
	return cmd
}

func newQuarantineRetryCommand() *cobra.Command {
	var f clientFlags
	all := false
	cmd := &cobra.Command{
		Use:   "retry [ENTRY...]",
		Short: "Take batches in again, once what they were refused for is gone",
		Long: `Judges batches anew: after "keys enroll" of their agent, or with a newer version that can read them. Their events come in with the ids
that they have, each once, also when this is interrupted and called again.`,
		RunE: func(cmd *cobra.Command, entries []string) error {
			if all == (len(entries) > 0) {
				return usageError("name the entries to take in, or give --all; actiontrail quarantine list shows them")
			}
			if all {
				list, err := listQuarantine(cmd, &f, 1000)
				if err != nil {
					return err
				}
				for i := len(list.Entries) - 1; i >= 0; i-- { // the oldest first
					if e := &list.Entries[i]; e.TakenIn.IsZero() {
						entries = append(entries, e.ID)
					}
				}
			}
			return retryQuarantined(cmd, &f, entries)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all that was not taken in yet")
	f.register(cmd, "table", "json")
	return cmd
}

func listQuarantine(cmd *cobra.Command, f *clientFlags, limit int) (list api.QuarantineList, err error) {
	c, err := f.dial()
	if err != nil {
		return list, err
	}
	r, err := c.ListQuarantine(cmd.Context(), &api.ListQuarantineParams{Limit: &limit})
	return list, c.decode(r, err, &list)
}

// retryQuarantined tries each entry, and fails when one was refused.
func retryQuarantined(cmd *cobra.Command, f *clientFlags, entries []string) error {
	c, err := f.dial()
	if err != nil {
		return err
	}
	s := f.screen(cmd)
	refused := 0
	done := []api.QuarantineEntry{}
	for _, name := range entries {
		var e api.QuarantineEntry
		var r *http.Response
		r, err = c.RetryQuarantined(cmd.Context(), name, asJSON)
		if err = c.decode(r, err, &e); err != nil {
			refused++
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", name, visible(err.Error()))
			continue
		}
		done = append(done, e)
		if f.output != "json" {
			if _, err := fmt.Fprintf(s.w, "%s: %d events are taken in, %d were known\n", e.ID, e.TakenInEvents, e.KnownEvents); err != nil {
				return err
			}
		}
	}
	if f.output == "json" {
		if err := printJSON(s, done); err != nil {
			return err
		}
	}
	if refused > 0 {
		return fmt.Errorf("%d of %d entries were not taken in", refused, len(entries))
	}
	return nil
}

func quarantineState(e *api.QuarantineEntry) string {
	if e.TakenIn.IsZero() {
		return "waits"
	}
	return "taken in"
}
