package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/internal/backoff"
)

// tailSilence is after how long without a sign of life a connection is taken for dead: three of the server's.
const tailSilence = 45 * time.Second

type tailCommand struct {
	clientFlags
	query   string
	fields  string
	limit   int
	silence time.Duration
	note    io.Writer

	out    printer
	place  string // the last one that was received
	shown  int
	broken bool // and not yet mended
}

func newTailCommand() *cobra.Command {
	t := tailCommand{silence: tailSilence}
	cmd := &cobra.Command{
		Use:   "tail [KQL]",
		Short: "Print events as they come",
		Long: `Tail prints the events that match a query as soon as they can be searched, from now on and until it is interrupted. It survives
restarts of the server and of the network: it goes on where it was, and says which events passed meanwhile that it could not get.
It has no time range; actiontrail search looks back.`,
		Example: `  actiontrail tail 'eventRW: Write and errorCode: *'
  actiontrail tail 'eventType: ConsoleSignin' --fields eventTime,userIdentity.userName,sourceIpAddress,errorCode
  actiontrail tail 'userIdentity.userName: alice' -o ndjson --limit 10`,
		RunE: func(cmd *cobra.Command, args []string) error {
			t.query, t.note = strings.Join(args, " "), cmd.ErrOrStderr()
			t.out = printer{screen: t.screen(cmd), form: t.output, fields: fieldList(t.fields), live: true}
			return t.run(cmd.Context())
		},
	}
	t.register(cmd, "table", "json", "ndjson", "csv")
	cmd.Flags().StringVar(&t.fields, "fields", "", "names of the fields to print, joined by commas")
	cmd.Flags().IntVar(&t.limit, "limit", 0, "end after so many events; 0: never")
	return cmd
}

// errEnough ends a tail that has a limit.
var errEnough = errors.New("enough")

func (t *tailCommand) run(ctx context.Context) error {
	if t.limit < 0 {
		return usageError("--limit %d is negative; 0 stands for no end", t.limit)
	}
	c, err := t.dial()
	if err != nil {
		return err
	}
	t.out.server = c.server
	if err := c.warnOfQuery(ctx, t.note, t.query); err != nil {
		return err
	}
	failed := func(err error) {
		if !t.broken {
			t.broken = true
			fmt.Fprintf(t.note, "%v; trying again\n", err)
		}
	}
	for err == nil {
		err = backoff.Retry(ctx, failed, func() error {
			begun := time.Now()
			err := t.follow(ctx, c)
			if ctx.Err() == nil && time.Since(begun) > backoff.Longest && !errors.As(err, new(*backoff.Permanent)) {
				failed(err)
				return nil // it was a good connection: the next one is tried at once
			}
			return err
		})
	}
	if permanent := (*backoff.Permanent)(nil); errors.As(err, &permanent) {
		err = permanent.Err
	}
	if err == nil || errors.Is(err, errEnough) || ctx.Err() != nil {
		err = t.out.close()
	}
	return err
}

// follow prints what one connection brings. It never returns nil: an error is for
// another attempt, a backoff.Permanent one is not.
func (t *tailCommand) follow(ctx context.Context, c *client) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &api.TailEventsParams{Query: t.query, Fields: t.fields}
	if t.place != "" {
		p.LastEventID = &t.place
	}
	r, err := c.TailEvents(ctx, p, accept("text/event-stream"))
	if err := explain(t.query, c.check(r, err)); err != nil {
		if t.place == "" || lasting(err) {
			return &backoff.Permanent{Err: err}
		}
		return err
	}
	defer r.Body.Close()
	alive := time.AfterFunc(t.silence, func() { cancel(fmt.Errorf("%s has given no sign of life for %v", c.server, t.silence)) })
	defer alive.Stop()
	in := serverSentReader{in: bufio.NewReaderSize(r.Body, 64<<10), id: t.place}
	for {
		s, err := in.next()
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return fmt.Errorf("%s broke off: %w", c.server, err)
		}
		alive.Reset(t.silence)
		if err := t.take(c, s); err != nil {
			return &backoff.Permanent{Err: err}
		}
		t.place = s.id
	}
}

// lasting tells whether another attempt would end the same way.
func lasting(err error) bool {
	var p *serverProblem
	if errors.As(err, &p) {
		return p.Status < http.StatusInternalServerError && p.Status != http.StatusTooManyRequests
	}
	var mark *exitError
	return errors.As(err, &mark) && !errors.As(err, new(*unreachableError))
}

// take prints one of the things that a tail brings.
func (t *tailCommand) take(c *client, s serverSent) error {
	switch s.name {
	case "ready":
		if !t.broken {
			fmt.Fprintf(t.note, "waiting for events of %s\n", c.server)
		} else {
			fmt.Fprintf(t.note, "connected to %s again\n", c.server)
		}
		t.broken = false
	case "missed":
		var m passed
		if err := json.Unmarshal(s.data, &m); err != nil {
			return usageError("the answer of %s cannot be read: %w", c.server, err)
		}
		fmt.Fprintln(t.note, missedText(&m, t.query))
	case "event":
		if err := t.out.print([]api.Event{api.Event(s.data)}); err != nil {
			return err
		}
		if t.shown++; t.shown == t.limit {
			return errEnough
		}
	}
	return nil
}

// passed is what the server says of events that it did not send.
type passed struct {
	Events   *int64
	From, To time.Time
}

// missedText says what passed unseen, and how to see it.
func missedText(m *passed, query string) string {
	text := "warning: events passed that are not printed here"
	if m.Events != nil {
		text = fmt.Sprintf("warning: %d events passed, matching or not, that are not printed here", *m.Events)
	}
	if !m.From.IsZero() && !m.To.IsZero() {
		text += fmt.Sprintf("; actiontrail search %s --from %s --to %s finds those that match", shellQuoted(query), m.From.UTC().Format(time.RFC3339Nano), m.To.UTC().Format(time.RFC3339Nano))
	}
	return text
}

// shellQuoted is one word for a shell.
func shellQuoted(s string) string {
	return "'" + strings.ReplaceAll(visible(s), "'", `'\''`) + "'"
}
