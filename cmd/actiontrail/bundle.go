package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive/bundle"
	"github.com/actiontrail/actiontrail/internal/durable"
	"github.com/actiontrail/actiontrail/query"
)

type bundleCommand struct {
	clientFlags
	params api.GetBundleParams
	path   string
	note   io.Writer
}

func newBundleCommand() *cobra.Command {
	var b bundleCommand
	cmd := &cobra.Command{
		Use:   "bundle --from TIME --to TIME -o FILE.zip",
		Short: "Write signed evidence of a period for an auditor",
		Long: `Writes a zip with the events of a period from the archive of a trail, the seals that they are in, the proofs, the signed
checkpoint and a report to read, signed by the archive's key. Whoever has the published key checks it offline:
"verify --bundle FILE.zip --keys KEYS". It is checked once before it gets its name.`,
		Example: `  actiontrail bundle --from 2026-11-01 --to 2026-12-01 -o november.zip
  actiontrail bundle --trail security --from now-7d/d --to now/d --where 'serviceName: Ram' -o ram.zip`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b.note = cmd.ErrOrStderr()
			if b.params.From == "" || b.params.To == "" || b.path == "" {
				return usageError("bundle needs --from, --to and -o FILE.zip")
			}
			return b.run(cmd.Context())
		},
	}
	b.registerServer(cmd)
	f := cmd.Flags()
	f.StringVar(&b.params.Trail, "trail", "", "the trail; it may be left out when there is one")
	f.StringVar(&b.params.Delivery, "delivery", "", "the delivery of the trail (default: its first)")
	f.StringVar(&b.params.From, "from", "", "begin of the period, inclusive: RFC 3339, a day or date math")
	f.StringVar(&b.params.To, "to", "", "end of the period, exclusive")
	f.StringVar(&b.params.Query, "where", "", "KQL: only the events that it matches")
	f.StringVar(&b.params.Late, "late", "24h", "how long after the end of the period events may have come to be in it")
	f.StringVarP(&b.path, "output-file", "o", "", "the file to write")
	return cmd
}

func (b *bundleCommand) run(ctx context.Context) error {
	c, err := b.dial()
	if err != nil {
		return err
	}
	r, err := c.GetBundle(ctx, &b.params)
	if err := explain(b.params.Query, c.check(r, err)); err != nil {
		return err
	}
	defer r.Body.Close()
	f, err := os.CreateTemp(filepath.Dir(b.path), "."+filepath.Base(b.path)+".*.part")
	if err != nil {
		return usageError("%w", err)
	}
	defer func() {
		_ = f.Close()           // a second time, unless something failed before
		_ = os.Remove(f.Name()) // it has another name by then, unless something failed
	}()
	size, err := io.Copy(f, r.Body)
	if err != nil {
		return &exitError{Code: exitNo, Err: fmt.Errorf("%s broke off; %s was not written: %w", c.server, b.path, err)}
	}
	result, err := bundle.Verify(ctx, f, size, bundle.Options{Parse: query.Parse})
	if err == nil && !result.OK() {
		err = fmt.Errorf("%s: %s", result.Problems[0].Key, result.Problems[0].Text)
	}
	if err != nil {
		return &exitError{Code: exitNo, Err: fmt.Errorf("what %s sent does not verify; %s was not written: %w", c.server, b.path, err)}
	}
	for _, step := range []func() error{f.Sync, f.Close, func() error { return os.Rename(f.Name(), b.path) }, func() error { return durable.SyncDir(filepath.Dir(b.path)) }} {
		if err := step(); err != nil {
			return usageError("write %s: %w", b.path, err)
		}
	}
	fmt.Fprintf(b.note, "%d events of seals %d to %d of trail %s, %s, signed by %s\n", result.Events, result.Manifest.Seals.First, result.Manifest.Seals.Last, result.Manifest.Trail, byteCount(size), result.By[0])
	return nil
}

// verifyBundle checks a bundle, offline.
func verifyBundle(cmd *cobra.Command, path string, keys []string, output string) error {
	f, err := os.Open(path)
	if err != nil {
		return usageError("verify: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return usageError("verify: %w", err)
	}
	r, err := bundle.Verify(cmd.Context(), f, info.Size(), bundle.Options{Keys: keys, Parse: query.Parse})
	if err != nil {
		return usageError("verify %s: %w", path, err)
	}
	s := newScreen(cmd.OutOrStdout())
	if output == "json" {
		err = printJSON(s, r)
	} else {
		err = printBundle(s, path, r)
	}
	if err != nil {
		return usageError("write the report: %w", err)
	}
	if !r.OK() {
		return &exitError{Code: exitNo}
	}
	return nil
}

func printBundle(s screen, path string, r *bundle.Result) error {
	m := &r.Manifest
	fact := func(name, format string, args ...any) {
		fmt.Fprintf(s.w, "%-10s %s\n", name+":", visible(fmt.Sprintf(format, args...)))
	}
	fact("bundle", "%s, made %s by %s", path, timeOr(m.Made, "-"), m.Tool)
	fact("archive", "%s, trail %s", m.Origin, m.Trail)
	fact("period", "%s to %s", timeOr(m.From, "-"), timeOr(m.To, "-"))
	fact("query", "%s", cmp.Or(m.Where, "(all events)"))
	fact("seals", "%d to %d, from %s to %s", m.Seals.First, m.Seals.Last, timeOr(m.Seals.From, "-"), timeOr(m.Seals.To, "-"))
	fact("events", "%d proved, of %d sealed in these seals", r.Events, m.Sealed)
	if m.Gone > 0 {
		fact("gone", "%d events are in objects that had expired", m.Gone)
	}
	if m.Seals.To.Before(m.Until) {
		fact("open", "the archive was looked through up to %s, not to %s: what came later is not in it", m.Seals.To.Format(time.RFC3339), m.Until.Format(time.RFC3339))
	}
	fact("checkpoint", "over %d seals", r.Checkpoint)
	for _, w := range r.Witnesses {
		cosigned := ""
		if !w.CosignedAt.IsZero() {
			cosigned = fmt.Sprintf(", cosigned %s by %s", timeOr(w.CosignedAt, "-"), w.Key)
		}
		fact("witness", "%s had %d seals, and all of them are in the checkpoint%s", w.Name, w.Seals, cosigned)
	}
	whose := "its own key: compare it with the one that was published, or give that with --keys"
	if r.Judged == "keys" {
		whose = "a key that was given"
	}
	for _, k := range r.By {
		fact("signed", "by %s, %s", k, whose)
	}
	fmt.Fprintln(s.w)
	for _, p := range r.Problems {
		fmt.Fprintf(s.w, "%s: %s\n", visible(p.Key), visible(p.Text))
	}
	verdict := "OK: every file is as it was signed, and every event is one that was sealed"
	if n := len(r.Problems); n == 1 {
		verdict = "FAILED: 1 problem"
	} else if n > 1 {
		verdict = fmt.Sprintf("FAILED: %d problems", n)
	}
	_, err := fmt.Fprintln(s.w, verdict)
	return err
}
