package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

// DefaultSearchLimit is how many events search prints when nobody says.
const DefaultSearchLimit = 100

// rangeFlags say which events are meant.
type rangeFlags struct {
	query    string
	from, to string
}

func (r *rangeFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.from, "from", "", "begin of the time range, inclusive: RFC 3339, a day or date math (default 90 days before --to)")
	cmd.Flags().StringVar(&r.to, "to", "", "end of the time range, exclusive (default now)")
}

// text is the time range in words.
func (r *rangeFlags) text() string {
	if r.from == "" && r.to == "" {
		return " in the last 90 days"
	}
	from, to := r.from, r.to
	if from == "" {
		from = "90 days before"
	}
	if to == "" {
		to = "now"
	}
	return visible(" from " + from + " to " + to)
}

type searchCommand struct {
	clientFlags
	rangeFlags
	limit     int
	sort      string
	fields    string
	count     bool
	histogram bool
	interval  string
	watch     time.Duration
	screen    screen
	note      io.Writer // for people: totals, warnings
}

func newSearchCommand() *cobra.Command {
	var s searchCommand
	cmd := &cobra.Command{
		Use:   "search [KQL]",
		Short: "Search events",
		Long: `Search prints the events that match a query, newest first: who did what, when, to what, from where, how, and with what result.
Without a query it prints all. --from and --to take RFC 3339, a day or date math; without them it is the last 90 days.
The language of queries is in docs/guide/search.md.`,
		Example: `  actiontrail search 'eventRW: Write and not userIdentity.userName: ci-deployer' --from now-1h
  actiontrail search 'errorCode: *' --from now/d -o json
  actiontrail search 'sourceIpAddress: 203.0.113.7' --sort asc --fields eventTime,eventName,resourceName
  actiontrail search 'eventType: ConsoleSignin and errorCode: *' --from now-7d/d --histogram
  actiontrail search 'eventName: Delete*' --count
  actiontrail search 'sourceIpAddress: 203.0.113.0/24' --limit 0 -o ndjson > events.ndjson`,
		RunE: func(cmd *cobra.Command, args []string) error {
			s.query = strings.Join(args, " ") // quotes around the query may be forgotten
			s.screen, s.note = s.clientFlags.screen(cmd), cmd.ErrOrStderr()
			if s.watch > 0 && s.screen.height > 0 && !cmd.Flags().Changed("limit") {
				s.limit = max(1, min(s.limit, s.screen.height-watchLines))
			}
			return s.run(cmd.Context())
		},
	}
	s.clientFlags.register(cmd, "table", "json", "ndjson", "csv")
	s.rangeFlags.register(cmd)
	cmd.Flags().IntVar(&s.limit, "limit", DefaultSearchLimit, "how many events; 0: all")
	cmd.Flags().StringVar(&s.sort, "sort", "desc", "by time: desc, newest first, or asc")
	cmd.Flags().StringVar(&s.fields, "fields", "", "names of the fields to print, joined by commas")
	cmd.Flags().BoolVar(&s.count, "count", false, "print only how many events match")
	cmd.Flags().BoolVar(&s.histogram, "histogram", false, "print how many events there are in each step of time")
	cmd.Flags().StringVar(&s.interval, "interval", "", "step of the histogram, such as 5m (default: chosen by the time range)")
	cmd.Flags().DurationVar(&s.watch, "watch", 0, "ask again and again, every 2s or --watch=TIME, and show which lines are new")
	cmd.Flags().Lookup("watch").NoOptDefVal = "2s"
	return cmd
}

func (s *searchCommand) run(ctx context.Context) error {
	switch {
	case s.limit < 0:
		return usageError("--limit %d is negative; 0 stands for all", s.limit)
	case !slices.Contains([]string{"desc", "asc"}, s.sort):
		return usageError("--sort %s: choose desc, newest first, or asc", s.sort)
	case s.count && s.histogram:
		return usageError("--count and --histogram exclude each other: a histogram tells the total, too")
	case s.interval != "" && !s.histogram:
		return usageError("--interval is for --histogram")
	case (s.count || s.histogram) && s.fields != "":
		return usageError("--fields is for events; --count and --histogram print none")
	case s.watch != 0 && s.watch < leastWatch:
		return usageError("--watch=%v is too short; at least %v", s.watch, leastWatch)
	case s.watch > 0 && s.output == "json":
		return usageError("--watch is for -o table, ndjson and csv: JSON would be an array that never ends")
	}
	c, err := s.dial()
	if err != nil {
		return err
	}
	if !s.count && !s.histogram && s.output != "table" {
		if err := c.warnOfQuery(ctx, s.note, s.query); err != nil {
			return err
		}
	}
	if s.watch > 0 {
		return s.repeat(ctx, c)
	}
	return s.once(ctx, c)
}

// once asks and prints the answer.
func (s *searchCommand) once(ctx context.Context, c *client) error {
	switch {
	case s.count:
		return s.printCount(ctx, c)
	case s.histogram:
		return s.printHistogram(ctx, c)
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
	return &api.SearchEventsParams{Query: s.query, From: s.from, To: s.to, Fields: s.fields, Sort: api.SearchEventsParamsSort(s.sort)}
}

func (s *searchCommand) printCount(ctx context.Context, c *client) error {
	p, none := s.params(), 0
	p.Limit, p.Sort = &none, ""
	var page api.EventPage
	r, err := c.SearchEvents(ctx, p, accept("application/json"))
	if err := explain(s.query, c.decode(r, err, &page)); err != nil {
		return err
	}
	warn(s.note, s.query, page.Warnings, page.Incomplete)
	switch s.output {
	case "json", "ndjson":
		return s.screen.write(fmt.Appendf(nil, "{\"total\":%d}\n", page.Total))
	case "csv":
		return s.screen.write(fmt.Appendf(nil, "total\n%d\n", page.Total))
	}
	return s.screen.write(fmt.Appendf(nil, "%d\n", page.Total))
}

// stream asks for all events in one answer. An answer that breaks off is an error.
func (s *searchCommand) stream(ctx context.Context, c *client, media string, show func(io.Reader) error) error {
	p := s.params()
	if s.limit > 0 {
		p.Limit = &s.limit
	}
	r, err := c.SearchEvents(ctx, p, accept(media))
	if err := explain(s.query, c.check(r, err)); err != nil {
		return err
	}
	defer r.Body.Close()
	body := &watchedReader{r: r.Body}
	err = show(body)
	if body.err != nil && ctx.Err() == nil {
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
	p := printer{screen: s.screen, form: "json"}
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimRight(line, "\n"); len(line) > 0 {
			if err := p.print([]api.Event{line}); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return p.close()
		}
		if err != nil {
			return err
		}
	}
}

// tablePage is how many events of a table are asked for at once.
const tablePage = 1000

// table prints page by page; the first one decides how wide the columns are.
func (s *searchCommand) table(ctx context.Context, c *client) error {
	p := s.params()
	out := printer{screen: s.screen, form: "table", fields: fieldList(s.fields), server: c.server}
	shown, total, uncounted := 0, 0, false
	for {
		n := tablePage
		if s.limit > 0 {
			n = min(n, s.limit-shown)
		}
		p.Limit = &n
		var page api.EventPage
		r, err := c.SearchEvents(ctx, p, accept("application/json"))
		if err := explain(s.query, c.decode(r, err, &page)); err != nil {
			return err
		}
		if p.Cursor == "" {
			warn(s.note, s.query, page.Warnings, page.Incomplete)
			if total = page.Total; len(page.Events) == 0 {
				fmt.Fprintln(s.note, "no event matches"+s.text())
				return nil
			}
		}
		if err := out.print(page.Events); err != nil {
			return err
		}
		shown += len(page.Events)
		if page.Cursor == "" || s.limit > 0 && shown >= s.limit {
			break
		}
		p.Cursor, p.Count = page.Cursor, &uncounted
	}
	if shown < total {
		fmt.Fprintf(s.note, "%d of %d events%s; --limit 0 prints all\n", shown, total, s.text())
	} else {
		fmt.Fprintf(s.note, "%d events%s\n", shown, s.text())
	}
	return nil
}

// fieldList reads --fields.
func fieldList(s string) []string {
	if s == "" {
		return nil
	}
	fields := strings.Split(s, ",")
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	return fields
}

// explain puts a mark under the mistake in a query.
func explain(query string, err error) error {
	var p *serverProblem
	if !errors.As(err, &p) || p.Position == nil || p.Parameter != "query" {
		return err
	}
	return usageError("%s: %s\n%s", strings.ToLower(p.Title), visible(p.Detail), marked(query, *p.Position, p.Hint))
}

// marked is a query with a mark under one of its characters, and what to do there.
func marked(query string, position int, hint string) string {
	runes := []rune(query)
	before := visible(string(runes[:max(0, min(position, len(runes)))]))
	text := fmt.Sprintf("  %s\n  %s^", visible(query), strings.Repeat(" ", textWidth(before)))
	if hint != "" {
		text += "\n" + visible(hint)
	}
	return text
}
