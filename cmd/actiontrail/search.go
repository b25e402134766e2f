package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/event"
)

// DefaultSearchLimit is how many events search prints when nobody says.
const DefaultSearchLimit = 100

type searchCommand struct {
	clientFlags
	query     string
	from, to  string
	limit     int
	ascending bool
	fields    string
	screen    screen
	note      io.Writer // for people: totals, warnings
}

func newSearchCommand() *cobra.Command {
	var s searchCommand
	cmd := &cobra.Command{
		Use:   "search [KQL]",
		Short: "Search events",
		Long: `Search prints the events that match a query, newest first: who did what, when, to what, from where, how, and with what result.
Without a query it prints all. --from and --to take RFC 3339, a day or date math; without them it is the last 90 days.`,
		Example: `  actiontrail search 'eventRW: Write and not userIdentity.userName: ci-deployer' --from now-1h
  actiontrail search 'errorCode: *' --from now/d -o json
  actiontrail search 'sourceIpAddress: 203.0.113.7' --limit 0 -o ndjson > events.ndjson`,
		RunE: func(cmd *cobra.Command, args []string) error {
			s.query = strings.Join(args, " ") // quotes around the query may be forgotten
			s.screen, s.note = newScreen(cmd.OutOrStdout()), cmd.ErrOrStderr()
			return s.run(cmd.Context())
		},
	}
	s.register(cmd, "table", "json", "ndjson", "csv")
	cmd.Flags().StringVar(&s.from, "from", "", "begin of the time range, inclusive (default 90 days before --to)")
	cmd.Flags().StringVar(&s.to, "to", "", "end of the time range, exclusive (default now)")
	cmd.Flags().IntVar(&s.limit, "limit", DefaultSearchLimit, "how many events; 0: all")
	cmd.Flags().BoolVar(&s.ascending, "oldest-first", false, "oldest events first")
	cmd.Flags().StringVar(&s.fields, "fields", "", "names of the fields to print, joined by commas; not for tables")
	return cmd
}

func (s *searchCommand) run(ctx context.Context) error {
	if s.limit < 0 {
		return usageError("--limit %d is negative; 0 stands for all", s.limit)
	}
	if s.fields != "" && s.output == "table" {
		return usageError("--fields is for -o json, ndjson and csv; a table has columns of its own")
	}
	c, err := s.dial()
	if err != nil {
		return err
	}
	switch s.output {
	case "ndjson":
		return s.stream(ctx, c, "application/x-ndjson", func(r io.Reader) error { return s.screen.copy(r) })
	case "csv":
		return s.stream(ctx, c, "text/csv", func(r io.Reader) error { return s.screen.copy(r) })
	case "json":
		return s.stream(ctx, c, "application/x-ndjson", s.array)
	}
	return s.table(ctx, c)
}

func (s *searchCommand) params() *api.SearchEventsParams {
	p := &api.SearchEventsParams{Query: s.query, From: s.from, To: s.to, Fields: s.fields, Sort: api.SearchEventsParamsSortDesc}
	if s.ascending {
		p.Sort = api.SearchEventsParamsSortAsc
	}
	return p
}

// stream asks for all events in one answer. An answer that breaks off is an error.
func (s *searchCommand) stream(ctx context.Context, c *client, media string, show func(io.Reader) error) error {
	p := s.params()
	if s.limit > 0 {
		p.Limit = &s.limit
	}
	r, err := c.SearchEvents(ctx, p, accept(media))
	if err := s.explain(c.check(r, err)); err != nil {
		return err
	}
	defer r.Body.Close()
	body := &watchedReader{r: r.Body}
	err = show(body)
	if body.err != nil {
		return usageError("%s broke off before all events were sent; what is printed is not whole: %w", c.server, body.err)
	}
	return err
}

// watchedReader tells an error of reading from one of writing.
type watchedReader struct {
	r   io.Reader
	err error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// array prints lines of JSON as one array.
func (s *searchCommand) array(r io.Reader) error {
	in := bufio.NewReaderSize(r, 64<<10)
	separator := []byte("[\n")
	for {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimRight(line, "\n"); len(line) > 0 {
			if werr := s.screen.write(append(separator, line...)); werr != nil {
				return werr
			}
			separator = []byte(",\n")
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if separator[0] == '[' {
		return s.screen.write([]byte("[]\n"))
	}
	return s.screen.write([]byte("\n]\n"))
}

// tablePage is how many events of a table are asked for at once.
const tablePage = 1000

// table prints page by page; the first one decides how wide the columns are.
func (s *searchCommand) table(ctx context.Context, c *client) error {
	p := s.params()
	var t *table
	shown, total := 0, 0
	for {
		n := tablePage
		if s.limit > 0 {
			n = min(n, s.limit-shown)
		}
		p.Limit = &n
		var page api.EventPage
		r, err := c.SearchEvents(ctx, p, accept("application/json"))
		if err := s.explain(c.decode(r, err, &page)); err != nil {
			return err
		}
		rows := make([][]string, 0, len(page.Events))
		for _, raw := range page.Events {
			e, err := event.ParseJSON(raw)
			if err != nil {
				return usageError("an event of %s cannot be read: %w", c.server, err)
			}
			rows = append(rows, eventRow(&e, s.screen.width))
		}
		if shown == 0 {
			if total = page.Total; len(rows) == 0 {
				fmt.Fprintln(s.note, "no event matches"+s.rangeText())
				return nil
			}
			t = newTable(s.screen, eventColumns, rows)
		}
		if err := t.print(rows); err != nil {
			return err
		}
		shown += len(rows)
		if page.Cursor == "" || s.limit > 0 && shown >= s.limit {
			break
		}
		p.Cursor = page.Cursor
	}
	if shown < total {
		fmt.Fprintf(s.note, "%d of %d events%s; --limit 0 prints all\n", shown, total, s.rangeText())
	} else {
		fmt.Fprintf(s.note, "%d events%s\n", shown, s.rangeText())
	}
	return nil
}

func (s *searchCommand) rangeText() string {
	if s.from == "" && s.to == "" {
		return " in the last 90 days"
	}
	from, to := s.from, s.to
	if from == "" {
		from = "90 days before"
	}
	if to == "" {
		to = "now"
	}
	return " from " + from + " to " + to
}

// explain puts a mark under the mistake in a query.
func (s *searchCommand) explain(err error) error {
	var p *serverProblem
	if !errors.As(err, &p) || p.Position == nil || p.Parameter != "query" {
		return err
	}
	runes := []rune(s.query)
	before := visible(string(runes[:min(*p.Position, len(runes))]))
	text := fmt.Sprintf("%s: %s\n  %s\n  %s^", strings.ToLower(p.Title), visible(p.Detail), visible(s.query), strings.Repeat(" ", textWidth(before)))
	if p.Hint != "" {
		text += "\n" + visible(p.Hint)
	}
	return usageError("%s", text)
}

// eventColumns answer who, when, what, from where, how, and with what result.
var eventColumns = []column{
	{title: "TIME", fixed: true}, {title: "WHO", least: 10}, {title: "ACTION", least: 16}, {title: "RESOURCE", least: 10},
	{title: "FROM", least: 15}, {title: "HOW", least: 7}, {title: "RESULT", least: 8, alarm: func(s string) bool { return s != "ok" }},
}

// narrowScreen is the width from which on there is room for services and fractions of a second.
const narrowScreen = 110

func eventRow(e *event.Event, width int) []string {
	result := "ok"
	if e.ErrorCode != "" {
		result = e.ErrorCode
	}
	action := e.Name
	if e.Service != "" && (width == 0 || width >= narrowScreen) {
		action = e.Service + ":" + e.Name
	}
	at := "-"
	digits := min(e.Time.Digits, 3)
	if width > 0 && width < narrowScreen {
		digits = 0
	}
	if !e.Time.IsZero() {
		at = event.At(e.Time.Std(), digits).String()
	}
	return []string{at, who(&e.Identity), action, cmp.Or(e.ResourceName, e.ResourceType, "-"), cmp.Or(e.SourceIP, "-"), how(e), result}
}

// who is the best name of the actor. A name that nobody checked is marked.
func who(u *event.Identity) string {
	name := cmp.Or(u.UserName, u.PrincipalID, u.AccessKeyID, u.Type, "-")
	if u.Trust == event.TrustClaimed {
		name += " (claimed)"
	}
	return name
}

func how(e *event.Event) string {
	kind := e.Type
	switch e.Type {
	case event.TypeAPICall:
		kind = "api"
	case event.TypeConsoleOperation, event.TypeConsoleSignin, event.TypeConsoleSignout:
		kind = "console"
	case event.TypeServiceEvent:
		kind = "service"
	}
	if agent := shortAgent(e.UserAgent); agent != "" {
		kind += " " + agent
	}
	return kind
}

// shortAgent is the program in a User-Agent, without version; of a browser its name.
func shortAgent(s string) string {
	for _, browser := range []string{"Edg", "OPR", "Firefox", "Chrome", "Safari"} { // each also names those after it
		if strings.HasPrefix(s, "Mozilla/") && strings.Contains(s, browser+"/") {
			switch browser {
			case "Edg":
				return "Edge"
			case "OPR":
				return "Opera"
			}
			return browser
		}
	}
	return s[:len(s)-len(strings.TrimLeft(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"))]
}
