package notify

import (
	"context"
	"encoding/json"
	"net/http"
)

// Webhook is told by a POST of the notice as JSON.
type Webhook struct{ Post }

// Send implements Receiver.
func (w *Webhook) Send(ctx context.Context, n *Notice) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return w.post(ctx, n, body, http.Header{"Content-Type": {"application/json"}})
}

// Subject is a subject of NATS, where a stream of the receiver keeps what is told.
type Subject struct {
	Subject string
	// Publish returns when a stream has the bytes; it takes those of one id once.
	Publish func(ctx context.Context, subject, id string, body []byte) error
}

// Send implements Receiver.
func (s *Subject) Send(ctx context.Context, n *Notice) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return s.Publish(ctx, s.Subject, n.ID(), body)
}
