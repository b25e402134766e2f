package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/config"
)

func newArchiveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "What is done to archives",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError("archive what? See actiontrail archive --help")
		},
	}
	cmd.AddCommand(newArchiveRestoreCommand())
	return cmd
}

// restoreCommand asks a store for objects in its archive tier.
type restoreCommand struct {
	bucket          bucketFlags
	config          []string
	trail, delivery string
	period          periodFlags
	days            int
	speed, output   string
	look, wait      bool
	every           time.Duration
}

// periodFlags name a time of events, and how late they may have been sealed.
type periodFlags struct {
	from, to string
	late     time.Duration
}

// usualLate is how long after they happened most events are sealed, with time to spare.
const usualLate = 24 * time.Hour

func (f *periodFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.from, "from", "", "of the period: RFC 3339, a day, or a length of time back such as 7d")
	cmd.Flags().StringVar(&f.to, "to", "", "the same (default: now)")
	cmd.Flags().DurationVar(&f.late, "late", usualLate, "how long after the period an event of it may have been sealed; layouts with the day of the events need it not")
}

// read is the period.
func (f *periodFlags) read(now time.Time) (archive.Period, error) {
	p := archive.Period{Late: f.late}
	var err error
	if p.From, err = timeOf(f.from, now); err != nil {
		return p, usageError("--from: %w", err)
	}
	if p.To, err = timeOf(f.to, now); err != nil {
		return p, usageError("--to: %w", err)
	}
	if p.To.IsZero() {
		p.To = now.UTC().Truncate(time.Millisecond)
	}
	switch {
	case p.From.IsZero():
		return p, usageError("--from is missing: the begin of the period")
	case !p.From.Before(p.To):
		return p, usageError("the period ends before it begins: --from %s, --to %s", timeOr(p.From, "-"), timeOr(p.To, "-"))
	case p.Late <= 0:
		return p, usageError("--late %v: give a length of time such as 24h", p.Late)
	}
	return p, nil
}

func newArchiveRestoreCommand() *cobra.Command {
	var f restoreCommand
	cmd := &cobra.Command{
		Use:   "restore [s3://BUCKET/PREFIX|oss://BUCKET/PREFIX] --from TIME",
		Short: "Ask the store for the objects of a period that are in its archive tier",
		Long: `restore asks the store to make readable, for some days, those objects of an archive that its life-cycle rules have moved into
an archive tier and that may have events of a period, and tells how far each is. What is restored or under way is not asked
for again: it can be run as often as you like, and with --wait runs until all can be read.

It exits with 0 when all that is there can be read, with 1 when some cannot be read yet, and with 2 when it could not ask.

The archive is that at s3://BUCKET/PREFIX or oss://BUCKET/PREFIX, or with --config that of a trail (--trail, --delivery).`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.period.register(cmd)
	cmd.Flags().StringArrayVar(&f.config, "config", nil, "configuration with the trail: a file, or a folder of *.hcl files; repeatable")
	cmd.Flags().StringVar(&f.trail, "trail", "", "name of the trail")
	cmd.Flags().StringVar(&f.delivery, "delivery", "", "name of its delivery (default: the only one in a store)")
	cmd.Flags().IntVar(&f.days, "days", 7, "for how many days the objects can be read")
	cmd.Flags().StringVar(&f.speed, "tier", "", "how soon and at what price, as the store calls it: Standard, Bulk or Expedited (default: the store's)")
	cmd.Flags().BoolVar(&f.look, "status", false, "ask for nothing, only tell how far it is")
	cmd.Flags().BoolVar(&f.wait, "wait", false, "go on until all can be read")
	cmd.Flags().DurationVar(&f.every, "every", time.Minute, "how often --wait looks")
	registerOutput(cmd, &f.output, "table", "json")
	f.bucket.register(cmd)
	return cmd
}

// place is the archive that is meant.
func (f *restoreCommand) place(args []string) (archive.Tiered, error) {
	switch {
	case len(args) == 1 && f.trail == "" && storedAt(args[0]):
		b, err := f.bucket.readBucket(args[0])
		if err != nil {
			return nil, usageError("archive restore: %w", err)
		}
		return b.(archive.Tiered), nil // all in a store are
	case len(args) == 1 && f.trail == "":
		return nil, usageError("archive restore: %s is a folder, which has no archive tier: all in it can be read", args[0])
	case len(args) == 1 || f.trail == "" || len(f.config) == 0:
		return nil, usageError("archive restore needs s3://BUCKET/PREFIX or oss://BUCKET/PREFIX, or --config and --trail")
	}
	cfg, err := config.Load(f.config...)
	if err != nil {
		return nil, usageError("the configuration is wrong\n\n%w", err)
	}
	i := slices.IndexFunc(cfg.Trails, func(t config.Trail) bool { return t.Name == f.trail })
	if i < 0 {
		return nil, usageError("archive restore: the configuration has no trail %q", f.trail)
	}
	var found []*config.Delivery
	var names []string
	for k := range cfg.Trails[i].Deliver {
		if d := &cfg.Trails[i].Deliver[k]; (d.S3 != nil || d.OSS != nil) && (f.delivery == "" || f.delivery == d.Name) {
			found, names = append(found, d), append(names, d.Name)
		}
	}
	switch {
	case len(found) == 0 && f.delivery != "":
		return nil, usageError("archive restore: trail %s has no delivery %s into a store", f.trail, f.delivery)
	case len(found) == 0:
		return nil, usageError("archive restore: trail %s delivers into no store: all of it can be read", f.trail)
	case len(found) > 1:
		return nil, usageError("archive restore: trail %s delivers into several stores: name one with --delivery: %s", f.trail, strings.Join(names, ", "))
	}
	return storeBucket(found[0])
}

func (f *restoreCommand) run(cmd *cobra.Command, args []string) error {
	period, err := f.period.read(time.Now())
	if err != nil {
		return err
	}
	if f.days < 1 || f.every <= 0 || f.look && f.wait {
		return usageError("archive restore: --days is 1 at least, --every more than 0, and --wait asks: leave out --status")
	}
	bucket, err := f.place(args)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	contents, err := archive.ReadContents(ctx, bucket, 0)
	if err != nil {
		return usageError("archive restore: %w", err)
	}
	s := newScreen(cmd.OutOrStdout())
	o := archive.RestoreOptions{Days: f.days, Speed: f.speed, LookOnly: f.look, Tell: func(done, of int) {
		if s.terminal && f.output != "json" {
			drawBar(s.w, float64(done)/float64(of), fmt.Sprintf("%s of %s objects looked at", thousands(done), thousands(of)))
		}
	}}
	var r archive.Restoration
	asked := 0
	for {
		r, err = archive.Restore(ctx, bucket, contents, period, o)
		asked += r.Asked
		if s.terminal && f.output != "json" {
			fmt.Fprint(s.w, "\r\x1b[K")
		}
		if err != nil {
			return usageError("archive restore: %s were asked for before this: %w", count(asked, "object"), err)
		}
		if !f.wait || r.Readable() {
			break
		}
		if f.output != "json" {
			if err := f.print(s, contents, period, &r); err != nil {
				return err
			}
		}
		if err := pause(ctx, f.every); err != nil {
			return usageError("archive restore: interrupted; the store goes on with what it was asked for: %w", err)
		}
	}
	r.Asked = asked
	if f.output == "json" {
		err = printJSON(s, &r)
	} else {
		err = f.print(s, contents, period, &r)
	}
	if err != nil {
		return usageError("write the answer: %w", err)
	}
	if !r.Readable() {
		return &exitError{Code: exitNo}
	}
	return nil
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (f *restoreCommand) print(s screen, c *archive.Contents, p archive.Period, r *archive.Restoration) error {
	var b strings.Builder
	fmt.Fprintf(&b, "trail %s, from %s to %s: %s\n", visible(c.Trail), timeOr(p.From, "-"), timeOr(p.To, "-"), count(r.Objects, "object"))
	line := func(n int, text string) {
		if n > 0 {
			fmt.Fprintf(&b, "%10s  %s\n", thousands(n), text)
		}
	}
	line(r.NotNeeded, "not needed: in no archive tier")
	restored := "restored"
	if !r.ReadableTil.IsZero() {
		restored += ": readable, the first of them until " + timeOr(r.ReadableTil, "-")
	}
	line(r.Restored, restored)
	working := "in progress"
	if r.Asked > 0 {
		working += fmt.Sprintf(": %s were asked for now, to be readable for %s", thousands(r.Asked), count(f.days, "day"))
	}
	line(r.InProgress, working)
	line(r.Archived, "archived: nobody has asked for them")
	line(len(r.Missing), "not there: removed by a rule, or lost; actiontrail verify tells which")
	switch {
	case r.Objects == 0:
		b.WriteString("no object of the archive has events of this period\n")
	case r.Readable():
		b.WriteString("all that is there can be read\n")
	case f.look:
		b.WriteString("some cannot be read yet\n")
	default:
		b.WriteString("the store works on it, which takes minutes to days: run this again to see how far it is\n")
	}
	return s.write([]byte(b.String()))
}
