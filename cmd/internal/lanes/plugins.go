package lanes

import (
	"context"
	"errors"
	"log/slog"

	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
)

func pluginSource(s *config.Source, log *slog.Logger) *host.Source {
	p := s.Plugin
	return host.NewSource(host.Program{Name: s.Name, Command: p.Command, SHA256: p.SHA256, Config: p.Config, Log: log})
}

// CheckPlugins starts each plugin and asks it whether its configuration is right. What
// is wrong comes as *config.Mistakes, one for each plugin, joined. A plugin that cannot be asked
// is told to unasked: at a start its lane tries again, and the other sources are read meanwhile.
func CheckPlugins(ctx context.Context, cfg *config.Config, log *slog.Logger, unasked func(source string, err error)) error {
	var all []error
	for _, s := range cfg.Sources {
		if s.Plugin == nil {
			continue
		}
		all = append(all, CheckPlugin(ctx, s.Plugin, pluginSource(&s, log.With("source", s.Name)), func(err error) { unasked(s.Name, err) }))
	}
	return errors.Join(all...)
}

// PluginSink is the sink that a program serves; its process starts when it is needed.
func PluginSink(name string, p *config.Plugin, log *slog.Logger) *host.Sink {
	return host.NewSink(host.Program{Name: name, Command: p.Command, SHA256: p.SHA256, Config: p.Config, Log: log})
}

// CheckPlugin asks one plugin whether its configuration is right. What is wrong comes
// as *config.Mistakes; unasked is told that it could not be asked.
func CheckPlugin(ctx context.Context, p *config.Plugin, program interface{ Check(context.Context) error }, unasked func(error)) error {
	err := program.Check(ctx)
	wrong, sum := (*plugins.ConfigError)(nil), (*host.ChecksumError)(nil)
	switch {
	case err == nil:
	case errors.As(err, &wrong):
		return p.Mistakes(wrong.Problems)
	case errors.As(err, &sum):
		return p.WrongSum(sum)
	default:
		unasked(err)
	}
	return nil
}

// StartPlugins is CheckPlugins for a start: a plugin that cannot be asked is logged.
func StartPlugins(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
	err := CheckPlugins(ctx, cfg, log, func(source string, err error) {
		log.Error("plugin cannot be started; it is tried again", "source", source, "error", err)
	})
	if err != nil {
		return process.UsageError("the configuration is wrong\n\n%w", err)
	}
	return nil
}
