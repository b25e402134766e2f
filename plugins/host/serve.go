package host

import (
	"context"
	"errors"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/actiontrail/actiontrail/plugins"
	pb "github.com/actiontrail/actiontrail/proto/actiontrail/plugin/v1"
)

// Serve is the main of a plugin. It returns when the agent has let go of it; the
// program is to end then. Started by hand, it says so and ends the program.
//
// What the program writes to its standard error is logged by the agent, under the
// name of the source: lines of slog's JSONHandler with their level, others as they are.
func Serve(p Plugin) {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{
			ProtocolVersion: {"actiontrail": &served{plugin: p}},
		},
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(options, grpc.MaxRecvMsgSize(mostBytes), grpc.InitialWindowSize(window), grpc.InitialConnWindowSize(2*window))...)
		},
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr, JSONFormat: true}),
	})
}

// Launched tells whether this process was started as a plugin. A test binary that
// asks it in TestMain, and calls Serve, is its own plugin.
func Launched() bool { return os.Getenv(CookieKey) == CookieValue }

// served puts the services into go-plugin's server.
type served struct {
	plugin.NetRPCUnsupportedPlugin
	plugin Plugin
}

var _ plugin.GRPCPlugin = (*served)(nil)

func (s *served) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	if s.plugin.Source != nil {
		pb.RegisterSourceServer(server, newSourceServer(s.plugin.Source))
	}
	if s.plugin.Sink != nil {
		pb.RegisterSinkServer(server, &sinkServer{make: s.plugin.Sink})
	}
	return nil
}

func (*served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("a served plugin is not a client")
}

// problems are the mistakes that err tells of a configuration; any other error is returned.
func problems(err error) ([]*pb.Problem, error) {
	wrong := (*plugins.ConfigError)(nil)
	if err == nil || !errors.As(err, &wrong) {
		return nil, told(err)
	}
	var all []*pb.Problem
	for _, p := range wrong.Problems {
		all = append(all, &pb.Problem{Path: p.Path, Text: p.Text})
	}
	return all, nil
}

// told is an error of the plugin itself, in contrast to one of the transport.
func told(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, err.Error())
	}
	return status.Error(codes.Aborted, err.Error())
}
