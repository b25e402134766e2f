package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/agent/spool"
	"github.com/actiontrail/actiontrail/internal/backoff"
)

// publishTimeout is how long the answer to one publish may take. A batch whose
// answer did not come is sent again, the same bytes under the same id.
const publishTimeout = 10 * time.Second

// publish sends the batches of the spool in order, the next one after the
// stream has acknowledged the one before.
func (l *Lane) publish(ctx context.Context, subject string, queue *spool.Spool) error {
	for {
		batch, err := queue.Next(ctx)
		if err != nil {
			return err
		}
		h := batch.Header
		id := fmt.Sprintf("%s/%s/%d/%d", h.Lane.Key, h.Lane.Source, h.Lane.Epoch, h.Number)
		err = backoff.Retry(ctx, l.failed, func() error {
			ctx, cancel := context.WithTimeout(ctx, publishTimeout)
			defer cancel()
			_, _, err := l.Stream.Publish(ctx, subject, id, batch.Message)
			return err
		})
		if err != nil {
			return fmt.Errorf("publish batch %d of source %s: %w", h.Number, l.Name, err)
		}
		if err := queue.Release(); err != nil {
			return err
		}
		l.note(func(s *LaneStatus) {
			s.Published += uint64(h.Count)
			s.waits(queue)
			s.Failing = false
		})
	}
}
