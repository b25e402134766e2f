package main

import (
	"context"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/cmd/internal/lanes"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
)

// serveFlags are those of the commands that answer the API.
type serveFlags struct {
	process.Flags
	listen   string
	insecure bool
	pace     pace
}

func (f *serveFlags) register(cmd *cobra.Command) {
	f.Flags.Register(cmd)
	cmd.Flags().StringVar(&f.listen, "listen", config.DefaultListen, "address of the API; over api { listen } of the configuration")
	cmd.Flags().BoolVar(&f.insecure, "insecure", false, "allow addresses that other machines can call without TLS and token")
}

// load reads the configuration and lets the flags have their way.
func (f *serveFlags) load(cmd *cobra.Command) (*process.Hand, error) {
	h, err := f.Flags.Load()
	if err != nil {
		return nil, err
	}
	if cmd.Flags().Changed("listen") {
		h.Config.API.Listen, h.Config.API.Place = f.listen, ""
	}
	if err := checkAPI(h.Config.API, f.insecure); err != nil {
		return nil, err
	}
	if n := h.Config.NATS; n.Listen != "" && !n.Secure && !f.insecure && !process.Loopback(n.Listen) {
		return nil, process.UsageError("NATS: events would go to %s in the clear; give the nats block a tls block, listen on 127.0.0.1, or add --insecure if the network is closed", n.Listen)
	}
	return h, nil
}

func newServerCommand(p pace) *cobra.Command {
	f := serveFlags{pace: p}
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Run everything in one process: agent, NATS, aggregator, API",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return f.server(cmd) },
	}
	f.register(cmd)
	return cmd
}

func (f *serveFlags) server(cmd *cobra.Command) error {
	h, err := f.load(cmd)
	if err != nil {
		return err
	}
	if err := lanes.CheckListeners(h.Config, f.insecure); err != nil {
		return err
	}
	if err := lanes.StartPlugins(cmd.Context(), h.Config, h.Log); err != nil {
		return err
	}
	lock, err := process.Hold(f.Data, lanes.Folder)
	if err != nil {
		return err
	}
	defer lock.Close()
	return aggregate(cmd.Context(), h, f.Data, true, f.pace)
}

func newAggregatorCommand(p pace) *cobra.Command {
	f := serveFlags{pace: p}
	cmd := &cobra.Command{
		Use:   "aggregator",
		Short: "Run the aggregator alone: follow NATS, index, archive, answer the API",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := f.load(cmd)
			if err != nil {
				return err
			}
			return aggregate(cmd.Context(), h, f.Data, false, f.pace)
		},
	}
	f.register(cmd)
	return cmd
}

// aggregate runs the aggregator, and beside it this machine's agent when there is one, until ctx ends.
func aggregate(ctx context.Context, h *process.Hand, data string, withAgent bool, p pace) error {
	err := checkDestinations(ctx, h.Config, h.Log, func(delivery string, err error) {
		h.Log.Error("plugin cannot be started; it is tried again", "delivery", delivery, "error", err)
	})
	if err != nil {
		return process.UsageError("the configuration is wrong\n\n%w", err)
	}
	lock, err := process.Hold(data, aggregatorFolder)
	if err != nil {
		return err
	}
	defer lock.Close()
	a, err := newAggregation(ctx, h, data, p)
	if err != nil {
		return err
	}
	defer a.close()
	if withAgent {
		if len(h.Config.Sources) == 0 {
			h.Log.Warn("no source is declared, so no log is read", "hint", `write a block source "file" "NAME" with paths and format into a file, and give it with --config`)
		}
		conn, err := a.agentConn()
		if err != nil {
			return err
		}
		defer conn.Close()
		dir := filepath.Join(data, lanes.Folder)
		key, err := lanes.Key(h.Config, dir)
		if err != nil {
			return process.UsageError("%w", err)
		}
		if err := a.enrolOwn(h.Config.Agent.Name, key); err != nil {
			return err
		}
		if h.Config.Agent.HashKey == "" {
			if h.Config.Agent.HashKey, err = ensureHashKey(a.dir, h.Config.Agent.Account); err != nil {
				return err
			}
		}
		if a.lanes, err = lanes.New(h.Config, dir, key, conn, lanes.Reports{Send: conn.SendReport, Program: version, Every: p.report}, h.Log, sourceMakers()...); err != nil {
			return process.UsageError("%w", err)
		}
	}

	// The agent stops first: what it still spools is published after the next start.
	agentCtx, stopAgent := context.WithCancel(ctx)
	var agent sync.WaitGroup
	if a.lanes != nil {
		agent.Go(func() {
			if a.awaitStream(agentCtx) {
				a.lanes.Run(agentCtx)
			}
		})
	}
	err = a.run(ctx)
	stopAgent()
	agent.Wait()
	return err
}
