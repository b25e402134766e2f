package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	pb "github.com/actiontrail/actiontrail/proto/actiontrail/plugin/v1"
)

// sinkServer is the plugin's side of a sink.
type sinkServer struct {
	pb.UnimplementedSinkServer
	make func(config []byte) (plugins.Sink, error)

	mu   sync.Mutex
	sink plugins.Sink // nil: not open
}

var _ pb.SinkServer = (*sinkServer)(nil)

func (s *sinkServer) Check(_ context.Context, r *pb.CheckRequest) (*pb.CheckResponse, error) {
	sink, err := s.make(r.Config)
	wrong, err := problems(errors.Join(err, closeSink(sink)))
	return &pb.CheckResponse{Problems: wrong}, err
}

func (s *sinkServer) Open(_ context.Context, r *pb.OpenSinkRequest) (*pb.OpenSinkResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sink != nil {
		return nil, status.Error(codes.FailedPrecondition, "the sink is open already: a process serves one")
	}
	sink, err := s.make(r.Config)
	if err != nil {
		wrong, err := problems(err)
		return &pb.OpenSinkResponse{Problems: wrong}, err
	}
	s.sink = sink
	return &pb.OpenSinkResponse{}, nil
}

// Write takes events. One that cannot be read is refused; the others go on.
func (s *sinkServer) Write(ctx context.Context, r *pb.WriteRequest) (*pb.WriteResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sink == nil {
		return nil, status.Error(codes.FailedPrecondition, "the sink is not open")
	}
	response := &pb.WriteResponse{}
	refuse := func(i int, err error) {
		response.Refused = append(response.Refused, &pb.Refused{Index: uint32(i), Reason: err.Error()})
	}
	events := make([]event.Event, 0, len(r.Events))
	index := make([]int, 0, len(r.Events)) // of each of events in the request
	for i, text := range r.Events {
		e, err := event.ParseJSON(text)
		if err != nil {
			refuse(i, fmt.Errorf("not an event: %w", err))
			continue
		}
		events, index = append(events, e), append(index, i)
	}
	if len(events) == 0 {
		return response, nil
	}
	err := s.sink.Write(ctx, events)
	if refused := (*plugins.BatchError)(nil); errors.As(err, &refused) {
		for i, why := range refused.Refused {
			if i < 0 || i >= len(events) {
				return nil, told(fmt.Errorf("event %d of %d was refused: there is no such event", i, len(events)))
			}
			refuse(index[i], why)
		}
		return response, nil
	}
	return response, told(err)
}

func (s *sinkServer) Close(context.Context, *pb.CloseSinkRequest) (*pb.CloseSinkResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := closeSink(s.sink)
	s.sink = nil
	return &pb.CloseSinkResponse{}, told(err)
}

func closeSink(s plugins.Sink) error {
	if c, ok := s.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
