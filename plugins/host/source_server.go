package host

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/actiontrail/actiontrail/plugins"
	pb "github.com/actiontrail/actiontrail/proto/actiontrail/plugin/v1"
)

// sourceServer is the plugin's side of a source.
type sourceServer struct {
	pb.UnimplementedSourceServer
	make   func(config []byte) (plugins.Source, error)
	turns  *turns
	source plugins.Source // nil: not open; whoever has the turn may touch it
}

var _ pb.SourceServer = (*sourceServer)(nil)

func newSourceServer(make func(config []byte) (plugins.Source, error)) *sourceServer {
	return &sourceServer{make: make, turns: newTurns()}
}

func (s *sourceServer) Check(_ context.Context, r *pb.CheckRequest) (*pb.CheckResponse, error) {
	_, err := s.make(r.Config)
	wrong, err := problems(err)
	return &pb.CheckResponse{Problems: wrong}, err
}

func (s *sourceServer) Open(ctx context.Context, r *pb.OpenRequest) (*pb.OpenResponse, error) {
	if err := s.turns.take(ctx); err != nil {
		return nil, told(err)
	}
	defer s.turns.leave()
	if s.source != nil {
		return nil, status.Error(codes.FailedPrecondition, "the source is open already: a process serves one")
	}
	source, err := s.make(r.Config)
	if err == nil {
		err = source.Open(ctx, cursorOf(r.Cursor))
	}
	if err != nil {
		wrong, err := problems(err)
		return &pb.OpenResponse{Problems: wrong}, err
	}
	s.source = source
	return &pb.OpenResponse{}, nil
}

// Read sends batch after batch. Send takes a copy of the records before the next Read
// of the source uses their memory again, and waits while the agent has no room.
func (s *sourceServer) Read(_ *pb.ReadRequest, stream grpc.ServerStreamingServer[pb.Batch]) error {
	ctx := stream.Context()
	var form form
	for {
		batch, err := s.read(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return stream.Send(&pb.Batch{Ended: true})
		case errors.Is(err, errInterrupted):
			continue
		case err != nil:
			return told(err)
		case len(batch.Records) == 0 && len(batch.Next) == 0:
			continue
		}
		if err := stream.Send(form.batch(batch)); err != nil {
			return err
		}
	}
}

func (s *sourceServer) read(ctx context.Context) (plugins.Batch, error) {
	own, err := s.turns.takeFreely(ctx)
	if err != nil {
		return plugins.Batch{}, err
	}
	defer s.turns.leave()
	if s.source == nil {
		return plugins.Batch{}, errors.New("the source is not open")
	}
	batch, err := s.source.Read(own)
	if errors.Is(err, context.Canceled) && own.Err() != nil && ctx.Err() == nil {
		return plugins.Batch{}, errInterrupted
	}
	return batch, err
}

func (s *sourceServer) Committed(ctx context.Context, r *pb.CommittedRequest) (*pb.CommittedResponse, error) {
	if err := s.turns.take(ctx); err != nil {
		return nil, told(err)
	}
	defer s.turns.leave()
	if s.source == nil {
		return nil, status.Error(codes.FailedPrecondition, "the source is not open")
	}
	return &pb.CommittedResponse{}, told(s.source.Committed(ctx, cursorOf(r.Cursor)))
}

func (s *sourceServer) Close(ctx context.Context, _ *pb.CloseRequest) (*pb.CloseResponse, error) {
	if err := s.turns.take(ctx); err != nil {
		return nil, told(err)
	}
	defer s.turns.leave()
	if s.source == nil {
		return &pb.CloseResponse{}, nil
	}
	err := s.source.Close()
	s.source = nil
	return &pb.CloseResponse{}, told(err)
}
