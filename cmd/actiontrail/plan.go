package main

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
)

func newPlanCommand() *cobra.Command {
	var f clientFlags
	var paths []string
	cmd := &cobra.Command{
		Use:   "plan --config FILE…",
		Short: "Show what changed trails would deliver, on the events of the last 7 days, before they do",
		Long: `Reads the trails of configuration files and asks a server that runs what would become of them: which are new (+), change (~) or
go away (-), how many events of the last 7 days each matches, and what that costs in objects and bytes. Nothing is changed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(paths) == 0 {
				return usageError("say with --config which files are planned")
			}
			cfg, err := config.Load(paths...)
			if err != nil {
				return usageError("the configuration is wrong\n\n%w", err)
			}
			c, err := f.dial()
			if err != nil {
				return err
			}
			r, err := c.PlanTrails(cmd.Context(), wantedTrails(cfg))
			var p api.Plan
			if err := c.decode(r, err, &p); err != nil {
				return err
			}
			s := f.screen(cmd)
			if f.output == "json" {
				return printJSON(s, p)
			}
			return printPlan(s, &p)
		},
	}
	cmd.Flags().StringArrayVar(&paths, "config", nil, "configuration: a file, or a folder of *.hcl files; repeatable")
	f.register(cmd, "table", "json")
	return cmd
}

// wantedTrails are the trails of a configuration as a plan is asked for.
func wantedTrails(cfg *config.Config) api.PlanRequest {
	wanted := api.PlanRequest{Complete: true, Trails: []api.PlannedTrail{}}
	for i := range cfg.Trails {
		t := plannedTrail(&cfg.Trails[i])
		x := api.PlannedTrail{Name: t.Name, Where: t.Where}
		for _, d := range t.Deliver {
			x.Deliver = append(x.Deliver, api.PlannedDelivery{Name: d.Name, Kind: d.Kind, Target: d.Target, Hash: d.Hash, RollSeconds: d.RollAge.Seconds(), Where: d.Narrow})
		}
		wanted.Trails = append(wanted.Trails, x)
	}
	return wanted
}

// marks and verbs of what becomes of a trail or a delivery.
func planMark(change string) (mark, verb string) {
	switch change {
	case "create":
		return "+", "will be created"
	case "update":
		return "~", "will change"
	case "delete":
		return "-", "will go away; what it has delivered stays"
	}
	return "=", "stays as it is"
}

func printPlan(s screen, p *api.Plan) error {
	var b strings.Builder
	counts := map[string]int{}
	for i := range p.Trails {
		t := &p.Trails[i]
		counts[string(t.Change)]++
		if t.Change != api.TrailPlanChangeKeep {
			planned(&b, s, t)
		}
	}
	if len(p.Trails) == counts["keep"] {
		fmt.Fprintf(&b, "Nothing changes: %s.\n", plural(counts["keep"], "trail stays as it is", "trails stay as they are"))
	} else {
		fmt.Fprintf(&b, "Plan: %d to create, %d to change, %d to go away, %d as before.\n", counts["create"], counts["update"], counts["delete"], counts["keep"])
	}
	for _, why := range p.Incomplete {
		fmt.Fprintf(&b, "warning: events may be missing in these figures: %s\n", visible(why))
	}
	_, err := s.w.Write([]byte(b.String()))
	return err
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// planned is what is to be said of one trail.
func planned(b *strings.Builder, s screen, t *api.TrailPlan) {
	mark, verb := planMark(string(t.Change))
	fmt.Fprintf(b, "%s trail %s %s\n", s.tint(mark, mark), visible(t.Name), verb)
	fact := func(name, text string) { fmt.Fprintf(b, "    %-9s %s\n", name, text) }
	all := func(where string) string { return visible(cmp.Or(where, "(all events)")) }
	switch {
	case t.Change == api.TrailPlanChangeDelete:
		fact("where", all(t.WhereBefore))
	case t.Change == api.TrailPlanChangeUpdate && t.Where != t.WhereBefore:
		fact("where", s.tint("-", "- "+all(t.WhereBefore)))
		fact("", s.tint("+", "+ "+all(t.Where)))
	default:
		fact("where", all(t.Where))
	}
	for i, d := range t.Deliver {
		mark, _ := planMark(string(d.Change))
		text := mark + " " + d.Name + " to " + d.Target
		if d.TargetBefore != "" && d.TargetBefore != d.Target {
			text += " (now " + d.TargetBefore + ", whose archive stays)"
		}
		if d.Where != "" {
			text += ": " + d.Where
		}
		if d.Where != d.WhereBefore && d.Change == api.DeliveryPlanChangeUpdate {
			text += " (now " + cmp.Or(d.WhereBefore, "all of the trail's events") + ")"
		}
		fact(map[bool]string{true: "deliver"}[i == 0], s.tint(mark, visible(text)))
	}
	if t.Change != api.TrailPlanChangeDelete {
		cost(fact, t)
	}
	for i, raw := range t.Sample {
		e, err := event.ParseJSON(raw)
		if err != nil {
			continue
		}
		row := eventRow(&e, 0)
		for k := range row {
			row[k] = visible(row[k])
		}
		fact(map[bool]string{true: "such as"}[i == 0], strings.Join(row, "  "))
	}
	b.WriteByte('\n')
}

// cost is what the events of the last days would have come to.
func cost(fact func(name, text string), t *api.TrailPlan) {
	share := ""
	if t.Of > 0 {
		share = fmt.Sprintf(" (%.3g %%)", 100*float64(t.Events)/float64(t.Of))
	}
	fact("matches", fmt.Sprintf("%s of %s events in 7 days%s  %s", thousands(t.Events), thousands(t.Of), share, sparks(t.ByDay)))
	if t.Change == api.TrailPlanChangeUpdate && t.Where != t.WhereBefore {
		fact("", fmt.Sprintf("%s as it is now; %s more, %s no longer", thousands(t.Before), thousands(t.Gains), thousands(t.Loses)))
	}
	if t.Events == 0 {
		fact("", "nothing of the last week: see that the filter is what you mean (actiontrail search)")
		return
	}
	if t.Untaken > 0 {
		fact("", thousands(t.Untaken)+" of them go to no delivery, and are in the index alone")
	}
	fact("a day", fmt.Sprintf("%s events, about %s stored (%d B each, %s before compression)",
		thousands(int(math.Round(t.EventsADay))), size(t.StoredBytesADay), t.StoredBytesEach, size(t.LineBytesADay)))
	parts := false
	for _, d := range t.Deliver {
		if d.Change == api.DeliveryPlanChangeDelete {
			continue
		}
		text := fmt.Sprintf("about %s into %s", plural(int(math.Ceil(d.ObjectsADay)), "object", "objects"), visible(d.Name))
		if d.Where != "" {
			parts = true
			text += fmt.Sprintf(", %s of the events", thousands(d.Events))
		}
		fact("", text)
	}
	if parts {
		fact("a year", fmt.Sprintf("about %s in all", size(365*t.StoredBytesADay)))
		return
	}
	fact("a year", fmt.Sprintf("about %s into each delivery", size(365*t.StoredBytesADay)))
}

// thousands parts a number in groups of three.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size is a number of bytes in the unit that reads best.
func size(n float64) string {
	for _, unit := range []string{"B", "KiB", "MiB", "GiB", "TiB"} {
		if n < 1024 || unit == "TiB" {
			if n < 10 && unit != "B" {
				return fmt.Sprintf("%.1f %s", n, unit)
			}
			return fmt.Sprintf("%.0f %s", n, unit)
		}
		n /= 1024
	}
	return ""
}

// sparks draws numbers as bars; what is something is never drawn as nothing.
func sparks(days []int) string {
	const bars = "▁▂▃▄▅▆▇█"
	most := 0
	for _, n := range days {
		most = max(most, n)
	}
	var b strings.Builder
	for _, n := range days {
		if n == 0 {
			b.WriteByte('.')
			continue
		}
		b.WriteRune([]rune(bars)[(n*8-1)/most])
	}
	return b.String()
}
