// Package flowtest has events flow into a sink whose receiver is a process that is
// killed and stopped meanwhile: each event is there in the end.
package flowtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
)

// Settled is a sink each of whose Writes is settled: for suites that know no sink.Settler.
type Settled struct{ plugins.Sink }

// Write implements plugins.Sink. An event that was refused is told of when the others are settled.
func (s Settled) Write(ctx context.Context, events []event.Event) error {
	err := s.Sink.Write(ctx, events)
	if refused := (*plugins.BatchError)(nil); err != nil && !errors.As(err, &refused) {
		return err
	}
	if settler, ok := s.Sink.(sink.Settler); ok {
		if failed := settler.Settle(ctx); failed != nil {
			return failed
		}
	}
	return err
}

// Close implements io.Closer.
func (s Settled) Close() error {
	if c, ok := s.Sink.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Flow is what flows where.
type Flow struct {
	Sink     plugins.Sink
	Receiver *realtest.Process
	Held     func() (map[string]int, error) // ids, and how often each is there
	Rounds   int                            // kills
	Batch    int                            // events of a Write; 0: 50
	End      syscall.Signal                 // what the receiver is ended with; 0: it is killed
}

// Run kills and stops the receiver while events flow, and tells how many events came and how many were there again.
func Run(t *testing.T, f Flow) (events, repeats int) {
	t.Helper()
	if f.Batch == 0 {
		f.Batch = 50
	}
	var written, failed atomic.Int64 // Writes
	done := make(chan error, 1)
	stop := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			for {
				err := f.Sink.Write(t.Context(), Events(n*f.Batch, f.Batch))
				if err == nil {
					break
				}
				failed.Add(1)
				if refused := (*plugins.BatchError)(nil); errors.As(err, &refused) || t.Context().Err() != nil {
					done <- fmt.Errorf("write %d: %w", n, err)
					return
				}
				select { // as dispatch waits
				case <-stop:
				case <-time.After(20 * time.Millisecond):
				}
			}
			written.Add(1)
		}
	}()
	progress := func(what string, n int64) {
		from := written.Load()
		realtest.Until(t, realtest.Patience, what, func() bool {
			select {
			case err := <-done:
				t.Fatalf("while waiting for %s: %v", what, err)
			default:
			}
			return written.Load() >= from+n
		})
	}
	for range f.Rounds {
		progress("events before a kill", 5)
		f.Receiver.Signal(cmp.Or(f.End, syscall.SIGKILL))
		f.Receiver.Wait()
		before := failed.Load()
		realtest.Until(t, realtest.Patience, "a Write that fails", func() bool { return failed.Load() > before })
		f.Receiver.Again()
		progress("events after a kill", 3)
		f.Receiver.Signal(syscall.SIGSTOP)
		at := time.After(300 * time.Millisecond)
		<-at
		f.Receiver.Signal(syscall.SIGCONT)
	}
	progress("events in the end", 5)
	close(stop)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	held, err := f.Held()
	if err != nil {
		t.Fatal(err)
	}
	all := int(written.Load()) * f.Batch
	for i, e := range Events(0, all) {
		n := held[e.ID]
		if n == 0 {
			t.Fatalf("event %d of %d is not there", i, all)
		}
		repeats += n - 1
	}
	return all, repeats
}

// Events are n events, the first of which has this number.
func Events(first, n int) []event.Event {
	base := event.NewIDBase("flowtest", "numbers", "f", 0)
	all := make([]event.Event, n)
	for i := range all {
		number := first + i
		all[i] = event.Event{
			ID: base.ID(int64(number)), Category: "Management", Type: "ApiCall", Name: "StopInstance", RW: []string{"Write", "Read"}[number%2], Service: "Ecs", Source: "ecs.example.com",
			Time: event.Unix(time.Now().UnixNano(), 6), Region: "cn-hangzhou", SourceIP: "192.0.2.7", UserAgent: "curl/8.5.0 Zoë", RequestID: "r-" + strconv.Itoa(number),
			RequestParameters: `{"InstanceId":"i-` + event.Object(strconv.Itoa(number)) + `"}`, RecipientAccountID: "1234567890",
			Identity: event.Identity{Type: "ram-user", PrincipalID: "28", UserName: "alice", AccountID: "1234567890", Trust: event.TrustVerified, Source: "native"},
			Origin:   event.Origin{Agent: "gw-1", Source: "edge", Epoch: 1, Batch: uint64(number / 50), Index: uint64(number % 50), File: "/var/log/nginx/access.log", FileID: "1-2", Offset: int64(number) * 300, Length: 300},
		}
		if number%7 == 0 {
			all[i].ErrorCode, all[i].ErrorMessage = "Forbidden.RAM", "not allowed"
		}
	}
	return all
}
