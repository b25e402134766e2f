package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

// backfillLook is how often the command asks how far it is.
const backfillLook = 500 * time.Millisecond

func newTrailBackfillCommand() *cobra.Command {
	var f clientFlags
	var from, to, delivery string
	var other otherFlags
	detach := false
	cmd := &cobra.Command{
		Use:   "backfill NAME --from TIME",
		Short: "Bring events of earlier times into the archives of a trail, from the index or another archive",
		Long: `Brings what the archives of a trail do not have: events from before it was made, and of times in which it was stopped. Nothing
is there twice. The server goes on with it by itself, also after a crash; this command only shows how far it is.

The events come from the index; with --archive from another archive, which the server reads: all of it that may have such
events is read and checked before the first is sealed. If an object of it is missing or damaged, the backfill is given up and
this command exits with 1; ask again when that is mended.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted := api.BackfillRequest{Delivery: delivery}
			now := time.Now()
			var err error
			if wanted.From, err = timeOf(from, now); err != nil {
				return usageError("--from: %w", err)
			}
			if wanted.To, err = timeOf(to, now); err != nil {
				return usageError("--to: %w", err)
			}
			if wanted.Archive, err = other.read(); err != nil {
				return err
			}
			c, err := f.dial()
			if err != nil {
				return err
			}
			var t api.TrailStatus
			r, err := c.BackfillTrail(cmd.Context(), args[0], wanted)
			if err := c.decode(r, err, &t); err != nil {
				return err
			}
			var mine []string // ids of the last request of each delivery
			for _, d := range t.Deliver {
				if n := len(d.Backfills); n > 0 && (delivery == "" || delivery == d.Name) {
					mine = append(mine, d.Backfills[n-1].ID)
				}
			}
			s := f.screen(cmd)
			if detach {
				return f.printOne(cmd, t, fmt.Sprintf("trail %s is given the events from %s on; actiontrail trail status %s tells how far it is\n", t.Name, timeOr(wanted.From, "-"), t.Name))
			}
			for {
				trails, err := f.trails(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				t = trails[0]
				b := backfilled(&t, mine)
				if f.output != "json" && s.terminal {
					b.show(s.w)
				}
				if b.done && f.output == "json" {
					if err := printJSON(s, t); err != nil {
						return err
					}
				}
				if b.done && s.terminal && f.output != "json" {
					fmt.Fprintln(s.w)
				}
				switch {
				case b.failed != "":
					return &exitError{Code: exitNo, Err: fmt.Errorf("the backfill was given up: %s", visible(b.failed))}
				case b.done && f.output != "json":
					_, err := fmt.Fprintf(s.w, "trail %s has the events from %s on: %s were brought\n", t.Name, timeOr(wanted.From, "-"), thousands(int(b.events)))
					return err
				case b.done:
					return nil
				}
				select {
				case <-cmd.Context().Done():
					return cmd.Context().Err()
				case <-time.After(backfillLook):
				}
			}
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "RFC 3339, a day, or a length of time back such as 7d")
	cmd.Flags().StringVar(&to, "to", "", "the same (default: now)")
	cmd.Flags().StringVar(&delivery, "delivery", "", "name of one delivery (default: all of the trail)")
	other.register(cmd)
	cmd.Flags().BoolVar(&detach, "detach", false, "do not wait for its end")
	f.register(cmd, "table", "json")
	return cmd
}

// timeOf reads a time; the zero time when none is given.
func timeOf(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), nil
		}
	}
	days, rest := 0, s
	if count, more, ok := strings.Cut(s, "d"); ok {
		if n, err := strconv.Atoi(count); err == nil && n >= 0 {
			days, rest = n, more
		}
	}
	back := time.Duration(days) * 24 * time.Hour
	if rest != "" {
		more, err := time.ParseDuration(rest)
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is no time: write 2026-11-21T10:00:00Z, 2026-11-21 or 7d", s)
		}
		back += more
	}
	return now.Add(-back).UTC().Truncate(time.Millisecond), nil
}

// backfillState is how far some backfills of a trail are together.
type backfillState struct {
	progress float64
	events   uint64
	read, of int // objects of another archive, of those that still read it
	why      string
	failed   string // why one was given up
	done     bool   // nothing more becomes of any
}

func backfilled(t *api.TrailStatus, ids []string) backfillState {
	x := backfillState{done: true}
	n := 0
	for _, d := range t.Deliver {
		for _, b := range d.Backfills {
			if !slices.Contains(ids, b.ID) {
				continue
			}
			n++
			x.progress += b.Progress
			x.events += b.Events
			if b.At.IsZero() {
				x.read, x.of = x.read+b.ReadObjects, x.of+b.OfObjects
			}
			if b.LastError != "" {
				x.why = b.LastError
			}
			if b.Failed {
				x.failed = b.LastError
			}
			x.done = x.done && (b.Done || b.Failed)
		}
	}
	x.progress /= float64(max(n, 1))
	return x
}

func (x *backfillState) show(w io.Writer) {
	if x.of > 0 && x.why == "" {
		drawBar(w, float64(x.read)/float64(x.of), fmt.Sprintf("%s of %s objects of the archive read", thousands(x.read), thousands(x.of)))
		return
	}
	showBar(w, x.progress, x.events, x.why)
}

// showBar draws how far it is over the line before.
func showBar(w io.Writer, progress float64, events uint64, why string) {
	text := thousands(int(events)) + " events"
	if why != "" {
		text += "  waits: " + visible(why)
	}
	drawBar(w, progress, text)
}

// drawBar draws a bar with what it is about over the line before.
func drawBar(w io.Writer, progress float64, text string) {
	const width = 30
	full := int(min(max(progress, 0), 1) * width)
	fmt.Fprintf(w, "\r\x1b[K%s%s %3.0f %%  %s", strings.Repeat("█", full), strings.Repeat("░", width-full), 100*progress, text)
}
