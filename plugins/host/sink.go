package host

import (
	"context"
	"errors"
	"fmt"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	pb "github.com/actiontrail/actiontrail/proto/actiontrail/plugin/v1"
)

// What one Write of a plugin takes at most; more goes in several. The bytes are what
// gRPC takes in other languages unless told otherwise, with room to spare.
const (
	writeEvents = 1000
	writeBytes  = 1 << 20
)

// Sink is a sink in a process of its own. The process is started by the first Write
// that needs one; when it dies, that Write fails and may be tried again, as with any sink.
// One goroutine calls it.
type Sink struct {
	program Program
	process *process // nil: none runs
}

var _ plugins.Sink = (*Sink)(nil)

// NewSink makes a sink.
func NewSink(p Program) *Sink { return &Sink{program: p} }

// Check asks the plugin whether its configuration is right, as (*Source).Check does.
func (s *Sink) Check(ctx context.Context) error {
	p, err := s.program.start(ctx)
	if err != nil {
		return err
	}
	defer p.end()
	a, err := answer(ctx, p, "whether its configuration is right", call(pb.NewSinkClient(p.conn).Check), &pb.CheckRequest{Config: s.program.config()})
	if err != nil {
		return err
	}
	return configError(a.Problems)
}

func (s *Sink) open(ctx context.Context) error {
	if s.process != nil {
		return nil
	}
	p, err := s.program.start(ctx)
	if err != nil {
		return err
	}
	a, err := answer(ctx, p, "to Open", call(pb.NewSinkClient(p.conn).Open), &pb.OpenSinkRequest{Config: s.program.config()})
	if err == nil {
		err = configError(a.Problems)
	}
	if err != nil {
		p.end()
		return err
	}
	s.process = p
	return nil
}

// Write implements plugins.Sink.
func (s *Sink) Write(ctx context.Context, events []event.Event) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	refused := map[int]error{}
	for from := 0; from < len(events); {
		n, err := s.some(ctx, events[from:], from, refused)
		if err != nil {
			if errors.Is(err, errGone) || ctx.Err() != nil {
				s.process.end()
				s.process = nil
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		}
		from += n
	}
	if len(refused) > 0 {
		return &plugins.BatchError{Refused: refused}
	}
	return nil
}

// some writes the first of events, and tells how many. Those refused are noted with first added.
func (s *Sink) some(ctx context.Context, events []event.Event, first int, refused map[int]error) (int, error) {
	request := &pb.WriteRequest{}
	for size := 0; len(request.Events) < min(len(events), writeEvents); {
		text := events[len(request.Events)].AppendJSON(nil)
		if size += len(text); size > writeBytes && len(request.Events) > 0 {
			break
		}
		request.Events = append(request.Events, text)
	}
	a, err := pb.NewSinkClient(s.process.conn).Write(ctx, request)
	if err != nil {
		return 0, fmt.Errorf("write: %w", plain(err))
	}
	for _, r := range a.Refused {
		if int(r.Index) >= len(request.Events) {
			return 0, fmt.Errorf("the plugin refused event %d of %d: there is no such event", r.Index, len(request.Events))
		}
		refused[first+int(r.Index)] = errors.New(r.Reason)
	}
	return len(request.Events), nil
}

// Close ends the process, patiently.
func (s *Sink) Close() error {
	if s.process == nil {
		return nil
	}
	_, err := answer(context.Background(), s.process, "to Close", call(pb.NewSinkClient(s.process.conn).Close), &pb.CloseSinkRequest{})
	s.process.end()
	s.process = nil
	return err
}
