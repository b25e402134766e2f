package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

func newVerifyCommand() *cobra.Command {
	var output, identity string
	var bucket bucketFlags
	cmd := &cobra.Command{
		Use:   "verify PATH|s3://BUCKET/PREFIX",
		Short: "Check that an archive is complete and unchanged",
		Long: `verify reads the archive in the folder PATH, or under a prefix of a bucket in a store, without a server, and checks each seal, each object and each event in it.
It exits with 0 when all is well, with 1 when something is missing or was changed, and with 2 when it could not check.

An archive whose last seals were cut off together with their objects was whole once, and looks so again: note the last
seal that verify shows, and see that later runs show at least as many.

Who asks a store is taken from where other tools have it: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE and
~/.aws/credentials, the identity of a pod, the role of the machine.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return verify(cmd, args[0], &bucket, identity, output) },
	}
	registerOutput(cmd, &output, "table", "json")
	bucket.register(cmd)
	registerIdentity(cmd, &identity)
	return cmd
}

func registerIdentity(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "identity", "", "file with the secret keys of age that open encrypted objects")
}

// readIdentities reads a file of age; without one there are none.
func readIdentities(name string) (archive.Identities, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ids, err := archive.ParseIdentities(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return ids, nil
}

func verify(cmd *cobra.Command, path string, f *bucketFlags, identity, output string) error {
	ids, err := readIdentities(identity)
	if err != nil {
		return usageError("verify: --identity: %w", err)
	}
	bucket, err := f.readBucket(path)
	if err != nil {
		return usageError("verify: %w", err)
	}
	report, err := archive.Verify(cmd.Context(), bucket, archive.VerifyOptions{Identities: ids})
	if err != nil {
		if errors.Is(err, context.Canceled) {
			err = errors.New("it was interrupted")
		}
		return usageError("verify %s did not come to an end: %w", path, err)
	}
	s := newScreen(cmd.OutOrStdout())
	if output == "json" {
		err = printJSON(s, report)
	} else {
		err = printReport(s, path, &report)
	}
	if err != nil {
		return usageError("write the report: %w", err)
	}
	if !report.OK() {
		return &exitError{Code: exitNo}
	}
	return nil
}

func printReport(s screen, path string, r *archive.Report) error {
	var b strings.Builder
	fact := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s %s\n", name+":", visible(fmt.Sprintf(format, args...)))
	}
	fact("archive", "%s", path)
	if r.Seals > 0 {
		fact("trail", "%s", r.Trail)
		fact("seals", "%d, from %s to %s", r.Seals, timeOr(r.From, "-"), timeOr(r.To, "-"))
		fact("last seal", "%d, SHA-256 %s", r.LastSeal, r.Head)
		fact("objects", "%d, %d bytes", r.Objects, r.Bytes)
		events := fmt.Sprintf("%d of %d scanned", r.Events, r.Scanned)
		if !r.FirstTime.IsZero() {
			events += fmt.Sprintf(", from %s to %s", r.FirstTime.Format(time.RFC3339), r.LastTime.Format(time.RFC3339))
		}
		fact("events", "%s", events)
	}
	if r.Closed > 0 {
		fact("closed", "%d objects with %d events are encrypted for others: only their stored bytes were checked; see --identity", r.Closed, r.ClosedEvents)
	}
	if r.Expired > 0 {
		fact("expired", "%d objects with %d events are gone, as was sealed that they would be", r.Expired, r.ExpiredEvents)
	}
	if r.LocksUnchecked {
		fact("locks", "not checked: they are in the store that the archive was written to")
	}
	for _, f := range r.Filters {
		fact("filter", "seals %d to %d: %s", f.From, f.To, cmp.Or(f.Filter, "(all events)"))
	}
	for _, p := range r.Paid {
		text := ""
		if p.Lost > 0 {
			text = fmt.Sprintf("; %d events were lost before", p.Lost)
		}
		fact("paid", "seals %d to %d: owed since %s, paid from the index%s", p.From, p.To, timeOr(p.Since, "-"), text)
	}
	if _, err := s.w.Write([]byte(b.String())); err != nil {
		return err
	}
	if err := printLanes(s, r.Lanes); err != nil {
		return err
	}
	return printVerdict(s, r)
}

func printLanes(s screen, lanes []archive.LaneReport) error {
	if len(lanes) == 0 {
		return nil
	}
	rows := make([][]string, len(lanes))
	for i, l := range lanes {
		gaps := make([]string, len(l.Gaps))
		for j, g := range l.Gaps {
			gaps[j] = batchRange(g.From, g.To)
		}
		rows[i] = []string{l.Account, l.Agent, l.Source, fmt.Sprint(l.Epoch), batchRange(l.From, l.To), fmt.Sprint(l.Events), cmp.Or(strings.Join(gaps, " "), "-")}
	}
	if _, err := fmt.Fprintln(s.w); err != nil {
		return err
	}
	return newTable(s, laneColumns, rows).print(rows)
}

func batchRange(from, to uint64) string {
	if from == to {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d-%d", from, to)
}

var laneColumns = []column{
	{title: "ACCOUNT", least: 7}, {title: "AGENT", least: 8}, {title: "SOURCE", least: 8}, {title: "EPOCH", least: 6}, {title: "BATCHES", least: 7},
	{title: "SCANNED", least: 7}, {title: "GAPS", least: 4, alarm: func(s string) bool { return s != "-" }},
}

func printVerdict(s screen, r *archive.Report) error {
	var b strings.Builder
	b.WriteByte('\n')
	for _, key := range r.Pending {
		fmt.Fprintf(&b, "on its way: %s\n", visible(key))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "%s: %s\n", visible(p.Key), visible(p.Text))
	}
	if r.Unlisted > 0 {
		fmt.Fprintf(&b, "and %d more\n", r.Unlisted)
	}
	gaps := 0
	for _, l := range r.Lanes {
		gaps += len(l.Gaps)
	}
	lost := uint64(0)
	for _, p := range r.Paid {
		lost += p.Lost
	}
	switch n := len(r.Problems) + r.Unlisted; {
	case n == 1:
		b.WriteString("FAILED: 1 problem\n")
	case n > 1:
		fmt.Fprintf(&b, "FAILED: %d problems\n", n)
	case lost > 0:
		fmt.Fprintf(&b, "OK: the archive is complete and unchanged up to its last seal, but for %d gaps, and %d events that were lost before they could be paid, which was sealed when it was seen\n", gaps, lost)
	case gaps > 0:
		fmt.Fprintf(&b, "OK: the archive is complete and unchanged up to its last seal, but for %d gaps: batches that never came, which was sealed when it was seen\n", gaps)
	default:
		b.WriteString("OK: the archive is complete and unchanged up to its last seal\n")
	}
	_, err := s.w.Write([]byte(b.String()))
	return err
}
