package host

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// How a process that runs is watched: it must answer a health check every now and
// then, or it hangs. In the end it has stopPatience to go by itself.
const (
	healthEvery  = 20 * time.Second
	stopPatience = 2 * time.Second
)

// process is one run of a plugin.
type process struct {
	program *Program
	child   *child
	output  *output
	client  *plugin.Client
	conn    *grpc.ClientConn
	stopped sync.Once
	stop    context.CancelFunc // ends the watch
	watched chan struct{}
}

// start starts the program and connects to it. Until that is done, the end of ctx ends it.
func (p *Program) start(ctx context.Context) (*process, error) {
	if len(p.Command) == 0 {
		return nil, errors.New("the plugin has no command")
	}
	sum, err := p.sum()
	if err != nil {
		return nil, err
	}
	path, err := exec.LookPath(p.Command[0])
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return nil, fmt.Errorf("start plugin: %w", err)
	}
	security, certificate, err := clientTLS()
	if err != nil {
		return nil, fmt.Errorf("start plugin %s: %w", path, err)
	}
	run := &process{program: p, child: &child{}, output: &output{log: p.log()}, watched: make(chan struct{})}
	config := &plugin.ClientConfig{
		HandshakeConfig:  handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{ProtocolVersion: {"connection": connection{}}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		TLSConfig:        security,
		StartTimeout:     p.patience(),
		Logger:           hclog.NewNullLogger(),
		Stderr:           run.output, SyncStdout: run.output, SyncStderr: run.output,
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(2 * window),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(mostBytes)),
		},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			own := exec.Command(path, p.Command[1:]...)
			own.Env = append(cmd.Env, "PLUGIN_CLIENT_CERT="+certificate)
			return run.child, run.child.prepare(own)
		},
	}
	if sum != nil {
		if ok, err := (&plugin.SecureConfig{Checksum: sum, Hash: sha256.New()}).Check(path); err != nil {
			return nil, fmt.Errorf("start plugin: %w", err)
		} else if !ok {
			is, err := sumOf(path)
			return nil, errors.Join(&ChecksumError{path, is, p.SHA256}, err)
		}
	}
	run.client = plugin.NewClient(config)
	if err := run.connect(ctx); err != nil {
		run.end()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if words := run.output.words(); words != "" {
			return nil, fmt.Errorf("start plugin %s: %w; its last words: %s", path, err, words)
		}
		return nil, fmt.Errorf("start plugin %s: %w", path, err)
	}
	watch, stop := context.WithCancel(context.Background())
	run.stop = stop
	go run.watch(watch)
	return run, nil
}

// connect waits for the process and its first sign of life.
func (p *process) connect(ctx context.Context) error {
	impatient := time.AfterFunc(p.program.patience(), p.child.kill)
	defer impatient.Stop()
	defer context.AfterFunc(ctx, p.child.kill)()
	protocol, err := p.client.Client()
	if err != nil {
		return err
	}
	conn, err := protocol.Dispense("connection")
	if err != nil {
		return err
	}
	p.conn = conn.(*grpc.ClientConn)
	return p.alive(ctx)
}

// alive asks for a sign of life. Whoever answers anything lives.
func (p *process) alive(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, p.program.patience())
	defer stop()
	_, err := healthpb.NewHealthClient(p.conn).Check(ctx, &healthpb.HealthCheckRequest{Service: plugin.GRPCServiceName})
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return plain(err)
	}
	return nil
}

// watch ends a process that gives no sign of life any more: a Read of it would wait for ever.
func (p *process) watch(ctx context.Context) {
	defer close(p.watched)
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := p.alive(ctx); err != nil && ctx.Err() == nil {
			p.program.log().Error("plugin gives no sign of life, and is ended", "error", err)
			p.child.kill()
			return
		}
	}
}

// end ends the process: it is asked to go, and then made to.
func (p *process) end() {
	p.stopped.Do(func() {
		if p.stop != nil {
			p.stop()
			<-p.watched
		}
		impatient := time.AfterFunc(stopPatience, p.child.kill)
		defer impatient.Stop()
		p.client.Kill()
	})
}

// connection has go-plugin hand out its connection.
type connection struct{ plugin.NetRPCUnsupportedPlugin }

var _ plugin.GRPCPlugin = connection{}

func (connection) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }

func (connection) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}
