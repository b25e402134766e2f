package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/config"
)

func newTrailCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trail",
		Short: "Look at trails, start and stop them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTrailListCommand(), newTrailStatusCommand(), newTrailTurnCommand("start"), newTrailTurnCommand("stop"),
		newTrailBackfillCommand(), newTrailRenotifyCommand(), newTrailShowCommand(), newTrailPutCommand(), newTrailDeleteCommand())
	return cmd
}

func newTrailListCommand() *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the trails, with their last delivery",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			trails, err := f.trails(cmd.Context(), "")
			if err != nil {
				return err
			}
			s := f.screen(cmd)
			if f.output == "json" {
				return printJSON(s, trails)
			}
			if len(trails) == 0 {
				fmt.Fprintln(cmd.ErrOrStderr(), "there are no trails; declare one in the configuration")
				return nil
			}
			rows := make([][]string, len(trails))
			for i, t := range trails {
				rows[i] = []string{t.Name, string(t.State), deliveries(t), fmt.Sprint(t.Events), timeOr(t.LastDelivery, "never"), behind(t), cmp.Or(t.LastError, "-")}
			}
			return newTable(s, trailColumns, rows).print(rows)
		},
	}
	f.register(cmd, "table", "json")
	return cmd
}

var trailColumns = []column{
	{title: "NAME", least: 8}, {title: "STATE", least: 7, alarm: func(s string) bool {
		return s == string(api.TrailStatusStateFailing) || s == string(api.TrailStatusStateOwing)
	}},
	{title: "DELIVERS TO", least: 12}, {title: "EVENTS", least: 6}, {title: "LAST DELIVERY", least: 20}, {title: "BEHIND", least: 7}, {title: "LAST ERROR", least: 10},
}

func newTrailStatusCommand() *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show all that is known of one trail, or of each",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			trails, err := f.trails(cmd.Context(), strings.Join(args, ""))
			if err != nil {
				return err
			}
			s := f.screen(cmd)
			if f.output == "json" {
				if len(args) == 1 {
					return printJSON(s, trails[0])
				}
				return printJSON(s, trails)
			}
			for i, t := range trails {
				if i > 0 {
					fmt.Fprintln(s.w)
				}
				if err := printTrail(s.w, t); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f.register(cmd, "table", "json")
	return cmd
}

// trails asks for one trail, or with no name for all.
func (f *clientFlags) trails(ctx context.Context, name string) ([]api.TrailStatus, error) {
	c, err := f.dial()
	if err != nil {
		return nil, err
	}
	if name == "" {
		var list api.TrailList
		r, err := c.ListTrails(ctx)
		err = c.decode(r, err, &list)
		return list.Trails, err
	}
	var t api.TrailStatus
	r, err := c.GetTrail(ctx, name, &api.GetTrailParams{})
	err = c.decode(r, err, &t)
	return []api.TrailStatus{t}, err
}

func printTrail(w io.Writer, t api.TrailStatus) error {
	facts := [][2]string{
		{"name", t.Name}, {"state", string(t.State)}, {"where", cmp.Or(t.Where, "(all events)")}, {"delivers to", deliveries(t)},
		{"delivered", fmt.Sprintf("%d events in %d objects, %d bytes", t.Events, t.Objects, t.Bytes)},
		{"last delivery", timeOr(t.LastDelivery, "never")}, {"last seal", timeOr(t.LastSeal, "never")},
		{"stream seq", fmt.Sprint(t.Seq)}, {"behind", behind(t)}, {"quarantined", fmt.Sprint(t.Quarantined)},
	}
	if t.Leader != "" {
		facts = append(facts, [2]string{"leader", t.Leader})
	}
	if !t.StoppedSince.IsZero() {
		facts = append(facts, [2]string{"stopped", "since " + timeOr(t.StoppedSince, "an unknown time") + "; what comes is not delivered, and is sealed as stopped"})
	}
	if t.State == api.TrailStatusStateOwing {
		facts = append(facts, [2]string{"owes", fmt.Sprintf("%d events in %d batches, since %s; they are paid from the index", t.OwedEvents, t.OwedBatches, timeOr(t.OwedSince, "an unknown time"))})
	}
	for _, d := range t.Deliver {
		if len(t.Deliver) > 1 {
			facts = append(facts, [2]string{"delivery", oneDelivery(d)})
		}
		if x := d.Throughput; !x.Since.IsZero() {
			facts = append(facts, [2]string{"throughput", fmt.Sprintf("%s: %s and %s in the last minute; %s events and %s since %s", d.Name, perSecond(x.EventsPerSecond, "events"), sizePerSecond(x.BytesPerSecond),
				thousands(int(x.Events)), size(float64(x.Bytes)), timeOr(x.Since, "-"))})
		}
		if d.LastObject != "" {
			facts = append(facts, [2]string{"last object", d.Name + ": " + d.LastObject})
		}
		if d.RefusedEvents > 0 {
			facts = append(facts, [2]string{"refused", fmt.Sprintf("%d events by %s, kept in %s: %s", d.RefusedEvents, d.Name, d.RefusedFile, d.LastRefused)})
		}
		if d.Checkpoint != "" {
			facts = append(facts, [2]string{"signed", fmt.Sprintf("%d seals of %s", d.CheckpointSeals, d.Name)}, [2]string{"signing key", d.SigningKey})
		}
		for _, w := range d.Witnesses {
			facts = append(facts, [2]string{"witness", oneWitness(d, w)})
		}
		for _, b := range d.Backfills {
			if !b.Done {
				facts = append(facts, [2]string{"backfill", strings.TrimSuffix(fmt.Sprintf("%s from %s to %s: %.0f %%, %s", d.Name, timeOr(b.From, "-"), timeOr(b.To, "-"), 100*b.Progress, b.LastError), ", ")})
			}
		}
		for _, n := range d.Notify {
			facts = append(facts, [2]string{"notify", strings.TrimSuffix(fmt.Sprintf("%s tells %s %s: %d sent, %d refused, %s", d.Name, n.Kind, n.Target, n.Sent, n.Refused, n.LastError), ", ")})
		}
	}
	if t.LastError != "" {
		facts = append(facts, [2]string{"last error", t.LastError + " (" + timeOr(t.LastErrorTime, "at an unknown time") + ")"})
	}
	for _, f := range facts {
		if _, err := fmt.Fprintf(w, "%-14s %s\n", f[0]+":", visible(f[1])); err != nil {
			return err
		}
	}
	return nil
}

// oneWitness is a line about who keeps the checkpoints of a delivery.
func oneWitness(d api.Delivery, w api.WitnessStatus) string {
	line := fmt.Sprintf("%s (%s) of %s: ", w.Name, w.Target, d.Name)
	switch {
	case w.Conflict != "":
		return line + "CONFLICT: " + w.Conflict + "; run verify"
	case w.Seals == 0:
		line += "has nothing yet"
	default:
		line += fmt.Sprintf("has %d seals", w.Seals)
	}
	if !w.KeptAt.IsZero() {
		line += ", since " + timeOr(w.KeptAt, "-")
	}
	if !w.CosignedAt.IsZero() {
		line += ", cosigned " + timeOr(w.CosignedAt, "-")
	}
	return strings.TrimSuffix(line+", "+w.LastError, ", ")
}

func perSecond(n float64, what string) string { return fmt.Sprintf("%.1f %s/s", n, what) }

func sizePerSecond(n float64) string { return size(n) + "/s" }

// oneDelivery is a line about one of several.
func oneDelivery(d api.Delivery) string {
	objects := ""
	if config.MakesArchive(d.Kind) {
		objects = fmt.Sprintf(" in %d objects", d.Objects)
	}
	line := fmt.Sprintf("%s to %s: %s, %d events%s, last %s", d.Name, d.Target, d.State, d.Events, objects, timeOr(d.LastDelivery, "never"))
	if d.Where != "" {
		line += ", takes " + d.Where
	}
	if d.State != api.DeliveryStateRunning && d.LastError != "" {
		line += ": " + d.LastError
	}
	return line
}

func deliveries(t api.TrailStatus) string {
	out := make([]string, len(t.Deliver))
	for i, d := range t.Deliver {
		out[i] = d.Kind + " " + d.Target
	}
	return cmp.Or(strings.Join(out, ", "), "-")
}

func behind(t api.TrailStatus) string {
	if t.LagBatches == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%d batches, %.0fs", t.LagBatches, t.LagSeconds)
}

func timeOr(t time.Time, never string) string {
	if t.IsZero() {
		return never
	}
	return t.UTC().Format(time.RFC3339)
}

// printJSON prints v indented.
func printJSON(s screen, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	return s.write(append(b, '\n'))
}
