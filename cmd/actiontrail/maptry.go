package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/config/write"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// mapTest is map test: it maps a log and tells what became of it.
type mapTest struct {
	mapFlags
	output string
	limit  int
	screen screen
	out    io.Writer
	note   io.Writer

	lines, ignored, unparsed, unrouted, itself uint64
	shown                                      int
	rows                                       [][]string
	actions                                    map[string]*tried
	reasons                                    map[string]*tried
	learner                                    mapper.Learner
}

// tried counts what is alike, with the place of the first.
type tried struct {
	count uint64
	line  int
	text  string
}

func newMapTestCommand() *cobra.Command {
	t := mapTest{actions: map[string]*tried{}, reasons: map[string]*tried{}}
	cmd := &cobra.Command{
		Use:   "test FILE",
		Short: "Map a log and print its events, and what no route names",
		Long: `Test maps a gateway's log as an agent would, and prints the events that it would make. Then it tells which actions they are, how often, which
lines are not in the format, and which requests no route names, with a route for each to begin with: that list is the work to be done.
Nothing is sent anywhere. It exits with 1 when a line is not in the format.

FILE may be gzipped; - stands for standard input. -o ndjson prints every event and nothing else.`,
		Example: `  actiontrail map test access.log
  actiontrail map test --config /etc/actiontrail /var/log/nginx/access.log
  actiontrail map test --config shop.hcl --format nginx access.log -o ndjson | jq .eventName`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t.out, t.note = cmd.OutOrStdout(), cmd.ErrOrStderr()
			t.screen = newScreen(t.out)
			return t.run(args[0], cmd.InOrStdin())
		},
	}
	t.register(cmd)
	registerOutput(cmd, &t.output, "table", "json", "ndjson")
	cmd.Flags().IntVar(&t.limit, "limit", 20, "how many events the table shows; 0: all")
	return cmd
}

func (t *mapTest) run(file string, stdin io.Reader) error {
	if t.limit < 0 {
		return usageError("--limit %d is negative; 0 stands for all", t.limit)
	}
	m, what, err := t.open(file)
	if err != nil {
		return err
	}
	var text []byte
	err = eachLine(file, stdin, func(n int, line []byte) error {
		t.lines++
		var e event.Event
		if !t.take(m, n, line, &e) {
			return nil
		}
		switch {
		case t.output != "table":
			text = append(e.AppendJSON(text[:0]), '\n')
			return t.screen.write(t.separated(text))
		case t.limit == 0 || t.shown < t.limit:
			t.shown++
			row := eventRow(&e, t.screen.width)
			for i := range row {
				row[i] = strings.Clone(row[i]) // the event aliases the line, which is read over
			}
			t.rows = append(t.rows, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	switch t.output {
	case "table":
		err = t.report(file, what)
	case "json":
		end := "\n]\n"
		if t.shown == 0 {
			end = "[]\n"
		}
		err = t.screen.write([]byte(end))
	}
	if err == nil && t.unparsed > 0 {
		err = &exitError{Code: exitNo}
		if t.output != "table" {
			err = &exitError{Code: exitNo, Err: fmt.Errorf("%s: %s not in the format, the first is line %d: %s", file, isAre(t.unparsed, "line"), t.first().line, t.first().text)}
		}
	}
	return err
}

// separated is one event as it stands in the output.
func (t *mapTest) separated(text []byte) []byte {
	t.shown++
	if t.output == "ndjson" {
		return text
	}
	before := ",\n"
	if t.shown == 1 {
		before = "[\n"
	}
	return append([]byte(before), text[:len(text)-1]...)
}

// take maps one line, and tells whether it made an event.
func (t *mapTest) take(m *mapper.Mapper, n int, line []byte, e *event.Event) bool {
	r := plugins.Record{Data: line}
	e.Origin.Observed = event.Unix(time.Now().UnixNano(), 9) // as if an agent had read it just now: of stamps without a year that gives the year
	err := m.Map(&r, e)
	e.Origin.Observed = event.Time{}
	if errors.Is(err, plugins.ErrIgnored) {
		t.ignored++
		return false
	}
	if err != nil {
		t.unparsed++
		note(t.reasons, err.Error(), n, err.Error())
		*e = event.Event{}
		m.Unparsed(&r, err, e)
		return true
	}
	s := m.Seen()
	switch {
	case s.Method == "" && s.Path == "": // no request: its dialect names the action
		t.itself++
	case !s.Routed && s.Method != "":
		t.unrouted++
		t.learner.Add(s.Method, s.Path, s.Query)
		return true
	}
	name := cmp.Or(e.Service, "-") + ":" + e.Name
	note(t.actions, name, n, strings.TrimSpace(s.Method+" "+s.Path))
	return true
}

// maxTried is how many actions or reasons are told apart; what is beyond is counted as one.
const maxTried = 2000

func note(all map[string]*tried, key string, line int, text string) {
	one := all[key]
	if one == nil && len(all) >= maxTried {
		key = "all others"
		one = all[key]
	}
	if one == nil {
		one = &tried{line: line, text: strings.Clone(text)}
		all[strings.Clone(key)] = one
	}
	one.count++
}

func (t *mapTest) first() *tried {
	return slices.MinFunc(slices.Collect(maps.Values(t.reasons)), func(a, b *tried) int { return a.line - b.line })
}

// report is the text for people, after all lines.
func (t *mapTest) report(file, what string) error {
	if len(t.rows) > 0 {
		if err := newTable(t.screen, eventColumns, t.rows).print(t.rows); err != nil {
			return err
		}
		if events := t.lines - t.ignored; uint64(t.shown) < events {
			fmt.Fprintf(t.out, "… %d more; --limit 0 prints all\n", events-uint64(t.shown))
		}
		fmt.Fprintln(t.out)
	}
	fmt.Fprintf(t.out, "%s: %s\n", file, what)
	itself := ""
	if t.itself > 0 {
		itself = fmt.Sprintf(" %d without a request,", t.itself)
	}
	fmt.Fprintf(t.out, "%s: %d named by a route, %d by no route,%s %d ignored, %d not in the format\n", count(t.lines, "line"), t.lines-t.ignored-t.unparsed-t.unrouted-t.itself, t.unrouted, itself, t.ignored, t.unparsed)
	for _, section := range []struct {
		title string
		all   map[string]*tried
	}{{"actions", t.actions}, {"not in the format", t.reasons}} {
		if len(section.all) == 0 {
			continue
		}
		fmt.Fprintf(t.out, "\n%s\n", section.title)
		if err := t.tally(section.all); err != nil {
			return err
		}
	}
	proposals := t.learner.Propose()
	if len(proposals) == 0 {
		return nil
	}
	slices.SortStableFunc(proposals, func(a, b mapper.Proposal) int { return cmp.Compare(b.Count, a.Count) })
	fmt.Fprintf(t.out, "\nrequests that no route names: %s to begin with\n", count(len(proposals), "proposal"))
	for i := range proposals {
		text := write.Route(&proposals[i])
		if t.screen.terminal {
			text = escapeUnseen(text)
		}
		if _, err := t.out.Write(append([]byte("\n"), text...)); err != nil {
			return err
		}
	}
	return nil
}

// tally prints what is alike, the most frequent first.
func (t *mapTest) tally(all map[string]*tried) error {
	var rows [][]string
	for _, k := range slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(cmp.Compare(all[b].count, all[a].count), cmp.Compare(a, b))
	}) {
		one := all[k]
		example := fmt.Sprintf("line %d", one.line)
		if one.text != k && one.text != "" {
			example += ": " + one.text
		}
		rows = append(rows, []string{fmt.Sprint(one.count), k, example})
	}
	return newTable(t.screen, []column{{title: "TIMES", fixed: true}, {title: "WHAT", least: 24}, {title: "FIRST", least: 12}}, rows).print(rows)
}

func isAre(n uint64, what string) string {
	if n == 1 {
		return "1 " + what + " is"
	}
	return fmt.Sprintf("%d %ss are", n, what)
}

// mapped is the event of a line as JSON, decoded.
func mapped(e *event.Event) (map[string]any, error) {
	var all map[string]any
	return all, json.Unmarshal(e.AppendJSON(nil), &all)
}
