package bus

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/actiontrail/actiontrail/event"
)

// reportTimeout is how long the server may take to show that it has a report.
const reportTimeout = 5 * time.Second

// ReportSubject is where the reports of an agent go.
func ReportSubject(account, agent string) (string, error) {
	if !event.ValidName(account) || !event.ValidName(agent) {
		return "", fmt.Errorf("agent %q/%q: want names of 1 to 64 letters, digits, _ or -", account, agent)
	}
	return strings.Join([]string{statusPrefix, account, agent}, "."), nil
}

// SendReport publishes a report. nil = the server has it; whether anybody heard
// it is not known.
func (c *Conn) SendReport(ctx context.Context, account, agent string, report []byte) error {
	subject, err := ReportSubject(account, agent)
	if err != nil {
		return err
	}
	if !c.nc.IsConnected() {
		return c.unconnected()
	}
	if err := c.nc.Publish(subject, report); err != nil {
		return c.explain(err)
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	return c.explain(c.nc.FlushWithContext(ctx))
}

// HearReports calls hear with every report that comes, one after the other, also
// when the connection had to be made again. report is hear's to keep. stop hears
// what the server has by then, and returns when hear has been called for the last time.
func (c *Conn) HearReports(hear func(account, agent string, report []byte)) (stop func(), err error) {
	s, err := c.nc.Subscribe(statusPrefix+".*.*", func(m *nats.Msg) {
		if p := strings.Split(m.Subject, "."); len(p) == 3 {
			hear(p[1], p[2], m.Data)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("hear the reports of agents: %w", c.explain(err))
	}
	ended := make(chan struct{})
	s.SetClosedHandler(func(string) { close(ended) })
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), reportTimeout)
		defer cancel()
		if c.nc.IsConnected() && c.nc.FlushWithContext(ctx) == nil && s.Drain() == nil {
			select {
			case <-ended:
				return
			case <-ctx.Done():
			}
		}
		_ = s.Unsubscribe() // fails when there is none any more
	}, nil
}
