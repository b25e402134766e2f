package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ErrNobody tells that no stream keeps what is published on a subject.
var ErrNobody = errors.New("no stream of NATS takes this subject: make one for its receivers")

// CheckSubject refuses subjects on which others cannot be told anything: those of
// actiontrail and of NATS itself, and those that are no single subject.
func CheckSubject(subject string) error {
	first, _, _ := strings.Cut(subject, ".")
	switch {
	case subject == "" || len(subject) > 255 || strings.ContainsAny(subject, " \t\r\n*>") || strings.HasPrefix(subject, ".") || strings.HasSuffix(subject, ".") || strings.Contains(subject, ".."):
		return fmt.Errorf("%q is not one subject of NATS", subject)
	case first == subjectPrefix || first == statusPrefix || first == recoverPrefix || strings.HasPrefix(first, "$") || strings.HasPrefix(first, "_INBOX"):
		return fmt.Errorf("the subjects %s. are in use", first)
	}
	return nil
}

// Tell stores bytes in the stream that has the subject, which is not that of the
// batches. nil = durable there. The stream passes over an id that it was given in
// its duplicate window. ErrNobody when there is no such stream.
func (c *Conn) Tell(ctx context.Context, subject, id string, body []byte) error {
	if err := CheckSubject(subject); err != nil {
		return err
	}
	if !c.nc.IsConnected() {
		return c.unconnected()
	}
	_, err := c.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: body}, jetstream.WithMsgID(id), jetstream.WithRetryAttempts(0))
	if err = c.explain(err); errors.Is(err, ErrNoStream) {
		return fmt.Errorf("%s: %w", subject, ErrNobody)
	}
	return err
}
