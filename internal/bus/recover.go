package bus

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// recoverTimeout bounds the answer to one read for an agent.
const recoverTimeout = 5 * time.Second

// recoverSubject is where an agent asks for a batch of its own subject.
func recoverSubject(subject string) string {
	return recoverPrefix + strings.TrimPrefix(subject, subjectPrefix)
}

// ServeRecovery answers agents that have lost their spool and read their own
// batches again, until ctx ends. Which subject an agent may ask for is a matter
// of its rights. Several aggregators share the work.
func (c *Conn) ServeRecovery(ctx context.Context) error {
	sub, err := c.nc.QueueSubscribe(recoverPrefix+".*.*.*", "aggregators", func(m *nats.Msg) {
		// Answers go to inboxes alone: an answer to a subject of the stream would be stored as a batch.
		if !strings.HasPrefix(m.Reply, "_INBOX") && !strings.HasPrefix(m.Reply, "_R_.") {
			return
		}
		reply := nats.NewMsg(m.Reply)
		status := func(code, text string) {
			reply.Header.Set("Status", code)
			reply.Header.Set("Description", text)
		}
		seq, err := strconv.ParseUint(string(m.Data), 10, 64)
		if err != nil {
			status("408", "not a sequence")
		} else {
			ctx, cancel := context.WithTimeout(ctx, recoverTimeout)
			found, err := c.Next(ctx, subjectPrefix+strings.TrimPrefix(m.Subject, recoverPrefix), seq)
			cancel()
			switch {
			case errors.Is(err, ErrNone):
				status("404", "no batch")
			case err != nil:
				status("500", err.Error())
			default:
				reply.Data = found.Data
				reply.Header.Set(jetstream.SubjectHeader, found.Subject)
				reply.Header.Set(jetstream.SequenceHeader, strconv.FormatUint(found.Seq, 10))
				reply.Header.Set(jetstream.TimeStampHeaer, found.Stored.UTC().Format(time.RFC3339Nano))
			}
		}
		if err := c.nc.PublishMsg(reply); err != nil {
			c.cfg.Log.Warn("answer to an agent that recovers", "subject", m.Subject, "error", err)
		}
	})
	if err != nil {
		return err
	}
	<-ctx.Done()
	if err := sub.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		return err
	}
	return nil
}
