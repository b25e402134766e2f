package lanes

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/internal/bus"
)

// NewCommand is the command that runs an agent alone: `actiontrail agent`, and
// the light `actiontrail-agent`, which links nothing else.
func NewCommand(use string) *cobra.Command {
	var f process.Flags
	cmd := &cobra.Command{
		Use:   use,
		Short: "Read this machine's gateway logs and send their events to NATS",
		Long: `Reads the sources of the configuration, turns each record into an event, keeps it in a spool on the disk until NATS
has it, and goes on after a crash exactly where it was. NATS is the one of agent { nats { servers = […] } }.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), &f) },
	}
	f.Register(cmd)
	return cmd
}

func run(ctx context.Context, f *process.Flags) error {
	h, err := f.Load()
	if err != nil {
		return err
	}
	cfg, log := h.Config, h.Log
	if len(cfg.Sources) == 0 {
		return process.UsageError(`the configuration declares no source: write a block source "file" "edge" with paths = ["/var/log/nginx/access.log"] and format = "nginx"`)
	}
	if len(cfg.Agent.NATS.Servers) == 0 {
		return process.UsageError("an agent alone needs to know where NATS is: write servers = [\"nats://host:4222\"] into a nats block of the agent block, or run `actiontrail server`, which has its own")
	}
	lock, err := process.Hold(f.Data, Folder)
	if err != nil {
		return err
	}
	defer lock.Close()
	conn, err := bus.Connect(bus.Config{Name: "agent " + cfg.Agent.Name, Servers: cfg.Agent.NATS.Servers, Credentials: cfg.Agent.NATS.Credentials,
		Inbox: cfg.Agent.Name, Log: log})
	if err != nil {
		return process.UsageError("%w", err)
	}
	defer conn.Close()
	l, err := New(cfg, filepath.Join(f.Data, Folder), conn, log)
	if err != nil {
		return process.UsageError("%w", err)
	}
	log.Info("agent runs", "agent", cfg.Agent.Name, "account", cfg.Agent.Account, "sources", len(cfg.Sources), "nats", cfg.Agent.NATS.Servers)
	l.Run(ctx)
	log.Info("agent has stopped; what NATS has not acknowledged is in the spool")
	return nil
}
