package aggregator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// expiringWait is how long events that are too old stay because the event of
// their removal is not durable. On a full disk it may become so only when they are gone.
const expiringWait = 5 * time.Second

// Expiring reports that retention removes events, before it does. The id is that
// of what goes: told again after a crash, it is the same event.
func (s *System) Expiring(ctx context.Context, x index.Expired) error {
	base := event.NewIDBase(s.Key, SystemSource, "expired/"+x.Class, uint64(x.To.Sub(x.From)/time.Second))
	parameters, err := event.NewObject(map[string]any{"class": x.Class, "from": x.From.Format(time.RFC3339), "to": x.To.Format(time.RFC3339),
		"events": fmt.Sprint(x.Events), "bytes": fmt.Sprint(x.Bytes)})
	if err != nil {
		return err
	}
	name := x.From.Format(time.DateOnly)
	if x.Class != "" {
		name = x.Class + "/" + name
	}
	e := event.Event{ID: base.ID(x.From.Unix()), Name: "IndexExpired", ResourceType: "Actiontrail::Index", ResourceName: name, RequestParameters: parameters}
	wait, cancel := context.WithTimeout(ctx, expiringWait)
	defer cancel()
	err = s.put(wait, e, 0, true)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil // it waits for the disk, and is not forgotten while the process lives
	}
	return err
}
