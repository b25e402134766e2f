package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

func newAgentsCommand() *cobra.Command {
	var f clientFlags
	var unmapped bool
	cmd := &cobra.Command{
		Use:   "agents [NAME]",
		Short: "List the agents and their sources, or show all that is known of one",
		Long: `Lists every agent with its sources: who is live, how far each source is behind, what waits in its spool. With NAME, or
ACCOUNT/NAME, shows all that is known of one agent. Agents report every 10 seconds; one that does not for 25 is silent.

With --unmapped prints the requests that no route names, as the routes that are proposed for them, those of most requests
first: ready to be put into the configuration of the agents, and to be corrected.`,
		Example: `  actiontrail agents gw-1
  actiontrail agents --unmapped > routes.hcl`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := f.agents(cmd.Context(), strings.Join(args, ""))
			if err != nil {
				return err
			}
			s, agents := f.screen(cmd), list.Agents
			if unmapped {
				return printUnmapped(s, cmd.ErrOrStderr(), f.output == "json", list)
			}
			switch {
			case f.output == "json":
				return printJSON(s, agents)
			case len(args) == 1:
				return printAgents(s.w, agents)
			case len(agents) == 0:
				fmt.Fprintln(cmd.ErrOrStderr(), `no agent has reported yet; declare a source in the configuration of the server, or start "actiontrail agent" where the logs are, with this server's NATS in agent { nats { servers = […] } }`)
				return nil
			}
			rows := agentRows(agents)
			if err := newTable(s, agentColumns, rows).print(rows); err != nil {
				return err
			}
			if n := countWarnings(agents); n > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "%d warnings; actiontrail agents NAME tells them\n", n)
			}
			return nil
		},
	}
	f.register(cmd, "table", "json")
	cmd.Flags().BoolVar(&unmapped, "unmapped", false, "print the routes that are proposed for requests that no route names")
	return cmd
}

var agentColumns = []column{
	{title: "AGENT", least: 10}, {title: "VERSION", least: 7}, {title: "STATE", least: 10, alarm: func(s string) bool { return s == stateName(api.AgentStateSilent) }},
	{title: "SEEN", least: 4}, {title: "SOURCE", least: 8}, {title: "BEHIND", least: 12}, {title: "SPOOL", least: 17}, {title: "GAPS", least: 4, alarm: func(s string) bool { return s != "0" }},
	{title: "UNPARSED", least: 4}, {title: "UNMAPPED", least: 4}, {title: "LAST ERROR", least: 10},
}

// agentRows are a row for each source, or one for an agent without any.
func agentRows(agents []api.AgentStatus) [][]string {
	var rows [][]string
	for _, a := range agents {
		sources := a.Sources
		if len(sources) == 0 {
			rows = append(rows, []string{a.Account + "/" + a.Agent, cmp.Or(a.Version, "-"), stateName(a.State), agentSeen(a), "-", "-", "-", "-", "-", "-", "-"})
		}
		for _, s := range sources {
			state, seen := stateName(s.State), agentSeen(a)
			if s.Failing && s.State == api.AgentStateLive {
				state = "failing"
			}
			rows = append(rows, []string{a.Account + "/" + a.Agent, cmp.Or(a.Version, "-"), state, seen, s.Source, sourceBehind(s), spoolUse(s.Spool),
				fmt.Sprint(s.Gaps + s.SourceGaps), fmt.Sprint(s.Unparsed), unmapped(s), cmp.Or(s.LastError, "-")})
		}
	}
	return rows
}

func countWarnings(agents []api.AgentStatus) int {
	n := 0
	for _, a := range agents {
		n += len(a.Warnings)
		for _, s := range a.Sources {
			n += len(s.Warnings)
		}
	}
	return n
}

// agents asks for all agents, or those of a name: a name can be there once in each account.
func (f *clientFlags) agents(ctx context.Context, name string) (api.AgentList, error) {
	c, err := f.dial()
	if err != nil {
		return api.AgentList{}, err
	}
	var list api.AgentList
	r, err := c.ListAgents(ctx)
	if err := c.decode(r, err, &list); err != nil || name == "" {
		return list, err
	}
	found, names := api.AgentList{}, []string{}
	for _, a := range list.Agents {
		if a.Agent == name || a.Account+"/"+a.Agent == name {
			found.Agents = append(found.Agents, a)
		}
		names = append(names, a.Account+"/"+a.Agent)
	}
	if len(found.Agents) == 0 {
		return found, usageError("%s knows no agent %s; it knows %s", c.server, visible(name), cmp.Or(strings.Join(names, ", "), "none yet"))
	}
	for _, u := range list.Unmapped {
		if slices.ContainsFunc(found.Agents, func(a api.AgentStatus) bool {
			return a.Account == u.Account && slices.ContainsFunc(u.Sources, func(s string) bool { return strings.HasPrefix(s, a.Agent+"/") })
		}) {
			found.Unmapped = append(found.Unmapped, u)
		}
	}
	return found, nil
}

func printAgents(w io.Writer, agents []api.AgentStatus) error {
	for i, a := range agents {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		facts := [][2]string{{"agent", a.Account + "/" + a.Agent}, {"state", stateName(a.State)}, {"version", cmp.Or(a.Version, "not known until it reports")},
			{"started", timeOr(a.StartedAt, "not known until it reports")}, {"last seen", ago(a.LastSeen, a.LastSeenSeconds)}}
		if off := a.ClockOffsetSeconds; off != nil {
			facts = append(facts, [2]string{"clock", clockOff(*off)})
		}
		for _, warning := range a.Warnings {
			facts = append(facts, [2]string{"warning", warning})
		}
		if err := printFacts(w, "", facts); err != nil {
			return err
		}
		for _, s := range a.Sources {
			if err := printFacts(w, "  ", sourceFacts(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

func sourceFacts(s api.AgentSource) [][2]string {
	state := stateName(s.State)
	if s.Failing {
		state += ", failing: it tries again"
	}
	facts := [][2]string{{"source", s.Source}, {"state", state}, {"last line", timeOr(s.LastSeen, "never")}, {"behind", sourceBehind(s)}, {"spool", spoolUse(s.Spool)},
		{"events", fmt.Sprintf("%d read, %d in NATS, last batch %d", s.Events, s.Published, s.LastBatch)},
		{"unparsed", fmt.Sprint(s.Unparsed)}, {"unmapped", fmt.Sprintf("%d (%s)", s.Unmapped, unmapped(s))}, {"ignored", fmt.Sprint(s.Ignored)},
		{"gaps", fmt.Sprintf("%d in the stream, %d in the source", s.Gaps, s.SourceGaps)}, {"quarantined", fmt.Sprint(s.Quarantined)}}
	for _, f := range s.Recognised {
		facts = append(facts, [2]string{"format auto", fmt.Sprintf("%s, %d lines: %s", f.Format, f.Records, f.Why)})
	}
	if s.LastError != "" {
		facts = append(facts, [2]string{"last error", s.LastError + " (" + timeOr(s.LastErrorTime, "it lasts") + ")"})
	}
	for _, warning := range s.Warnings {
		facts = append(facts, [2]string{"warning", warning})
	}
	return facts
}

// printFacts prints a paragraph of facts; the first one stands out to the left.
func printFacts(w io.Writer, indent string, facts [][2]string) error {
	for i, f := range facts {
		if i == 0 && indent != "" {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(w, "%s%-*s %s\n", indent, 14-len(indent), f[0]+":", visible(f[1])); err != nil {
			return err
		}
	}
	return nil
}

func stateName(s api.AgentState) string {
	if s == api.AgentStateNeverSeen {
		return "never seen"
	}
	return string(s)
}

func agentSeen(a api.AgentStatus) string {
	if a.LastSeen.IsZero() {
		return "never"
	}
	return span(a.LastSeenSeconds)
}

func ago(t time.Time, seconds float64) string {
	if t.IsZero() {
		return "never"
	}
	return timeOr(t, "") + " (" + span(seconds) + " ago)"
}

func sourceBehind(s api.AgentSource) string {
	if s.LagBytes == 0 && s.LagSeconds == 0 {
		return "nothing"
	}
	return byteCount(s.LagBytes) + ", " + span(s.LagSeconds)
}

func spoolUse(s api.SpoolStatus) string {
	if s.Batches == 0 {
		return "empty"
	}
	return fmt.Sprintf("%s of %s, %s", byteCount(s.Bytes), byteCount(s.MaxBytes), span(s.OldestSeconds))
}

func unmapped(s api.AgentSource) string { return fmt.Sprintf("%.1f%%", 100*s.UnmappedRate) }

func clockOff(seconds float64) string {
	switch {
	case seconds >= 0.5:
		return fmt.Sprintf("%.1fs ahead of the server's", seconds)
	case seconds <= -0.5:
		return fmt.Sprintf("%.1fs behind the server's", -seconds)
	}
	return "as the server's"
}

// span is a length of time in its largest unit.
func span(seconds float64) string {
	switch s := int64(seconds); {
	case s < 120:
		return fmt.Sprintf("%ds", s)
	case s < 2*3600:
		return fmt.Sprintf("%dm", s/60)
	case s < 2*86400:
		return fmt.Sprintf("%dh", s/3600)
	default:
		return fmt.Sprintf("%dd", s/86400)
	}
}

// byteCount is a number of bytes in its largest unit, with three digits.
func byteCount(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, unit := float64(n), 0
	for v >= 1000 && unit < len(units)-1 {
		v, unit = v/1024, unit+1
	}
	if unit == 0 || v >= 99.95 {
		return fmt.Sprintf("%.0f%s", v, units[unit])
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + units[unit]
}
