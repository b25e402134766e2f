package lanes

import (
	"context"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/internal/bus"
)

// NewCommand is the command that runs an agent alone: `actiontrail agent`, and
// the light `actiontrail-agent`, which links nothing else. program is its version;
// every is how often it reports how it fares, 0 for agent.ReportEvery; makers are
// for the kinds of sources that the light one does not link.
func NewCommand(use, program string, every time.Duration, makers ...Maker) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   use,
		Short: "Read this machine's gateway logs and send their events to NATS",
		Long: `Reads the sources of the configuration, turns each record into an event, keeps it in a spool on the disk until NATS
has it, and goes on after a crash exactly where it was. NATS is the one of agent { nats { servers = […] } }.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), &f, program, every, makers) },
	}
	f.Register(cmd)
	cmd.Flags().StringVar(&f.name, "name", "", "name of the agent, instead of the configuration's: one configuration for many machines; other than A-Z a-z 0-9 _ - becomes -")
	cmd.Flags().DurationVar(&f.drain, "drain", 0, "when told to stop: first read what is there, and wait this long until NATS has it; for machines whose disk goes with them")
	cmd.Flags().BoolVar(&f.insecure, "insecure", false, "let a source listen in the clear, or let everybody in, at addresses that other machines can call")
	return cmd
}

type flags struct {
	process.Flags
	name     string
	drain    time.Duration
	insecure bool
}

func run(ctx context.Context, f *flags, program string, every time.Duration, makers []Maker) error {
	h, err := f.Load()
	if err != nil {
		return err
	}
	cfg, log := h.Config, h.Log
	if f.name != "" {
		cfg.NameAgent(f.name)
	}
	if len(cfg.Sources) == 0 {
		return process.UsageError(`the configuration declares no source: write a block source "file" "edge" with paths = ["/var/log/nginx/access.log"] and format = "nginx"`)
	}
	if len(cfg.Agent.NATS.Servers) == 0 {
		return process.UsageError("an agent alone needs to know where NATS is: write servers = [\"nats://host:4222\"] into a nats block of the agent block, or run `actiontrail server`, which has its own")
	}
	if err := CheckListeners(cfg, f.insecure); err != nil {
		return err
	}
	if err := StartPlugins(ctx, cfg, log); err != nil {
		return err
	}
	lock, err := process.Hold(f.Data, Folder)
	if err != nil {
		return err
	}
	defer lock.Close()
	dir := filepath.Join(f.Data, Folder)
	key, err := Key(cfg, dir)
	if err != nil {
		return process.UsageError("%w", err)
	}
	remote, err := OwnRemote(cfg, log)
	if err != nil {
		return process.UsageError("%w", err)
	}
	conn, err := bus.Connect(remote)
	if err != nil {
		return process.UsageError("%w", err)
	}
	defer conn.Close()
	l, err := New(cfg, dir, key, conn, Reports{Send: conn.SendReport, Program: program, Every: every}, log, makers...)
	if err != nil {
		return process.UsageError("%w", err)
	}
	log.Info("agent runs", "agent", cfg.Agent.Name, "account", cfg.Agent.Account, "key", key.Public, "sources", len(cfg.Sources), "nats", cfg.Agent.NATS.Servers)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	context.AfterFunc(ctx, func() {
		defer stop()
		if f.drain > 0 && !l.drained(f.drain) {
			log.Warn("stopping before NATS has everything; the rest is in the spool and in the logs", "drain", f.drain)
		}
	})
	l.Run(running)
	log.Info("agent has stopped; what NATS has not acknowledged is in the spool")
	return nil
}
