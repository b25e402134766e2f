package aggregator

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

func expiredDay(class string, day int) index.Expired {
	from := time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC)
	return index.Expired{Class: class, From: from, To: from.AddDate(0, 0, 1), Events: 12, Bytes: 3456}
}

// A removal is durable before it is made, and has the id of what goes, whenever it is told.
func TestExpiring(t *testing.T) {
	ids := map[string]bool{}
	for _, x := range []index.Expired{expiredDay("", 3), expiredDay("", 4), expiredDay("signins", 3)} {
		var first string
		for range 2 { // a crash between
			s := openedAt(t, nil)
			told := make(chan error, 1)
			go func() { told <- s.Expiring(t.Context(), x) }()
			b, err := s.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-told:
				t.Fatalf("it is told before it is durable: %v", err)
			default:
			}
			events := eventsOf(t, b)
			if err := errors.Join(s.Committed(t.Context(), b.Next), <-told); err != nil {
				t.Fatal(err)
			}
			e := events[0]
			class, _ := e.RequestParameters.Get("class")
			count, _ := e.RequestParameters.Get("events")
			bytes, _ := e.RequestParameters.Get("bytes")
			from, _ := e.RequestParameters.Get("from")
			if len(events) != 1 || e.Name != "IndexExpired" || class != x.Class || count != "12" || bytes != "3456" || from != x.From.Format(time.RFC3339) {
				t.Fatalf("%+v", events)
			}
			if first != "" && e.ID != first {
				t.Errorf("told again it is %s, before %s", e.ID, first)
			}
			first = e.ID
		}
		if ids[first] {
			t.Errorf("two removals have the id %s", first)
		}
		ids[first] = true
	}
}

// On a full disk the removal goes on after a while, and its event is durable once there is room.
func TestExpiringOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openedAt(t, nil)
		begin := time.Now()
		if err := s.Expiring(t.Context(), expiredDay("", 3)); err != nil || time.Since(begin) != expiringWait {
			t.Fatalf("%v after %v", err, time.Since(begin))
		}
		if events, _ := commit(t, s); len(events) != 1 || events[0].Name != "IndexExpired" {
			t.Fatalf("%+v", events)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Expiring(ctx, expiredDay("", 4)); !errors.Is(err, context.Canceled) {
			t.Errorf("when the process stops: %v", err)
		}
	})
}
