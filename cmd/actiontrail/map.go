package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

func newMapCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "map",
		Short: "Try mappers on real logs, or begin one from a log",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newMapTestCommand(), newMapLearnCommand())
	return cmd
}

// mapFlags say how a log is to be read.
type mapFlags struct {
	config    []string
	source    string
	mapper    string
	format    string
	logFormat string
}

func (f *mapFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.config, "config", nil, "configuration file or folder; may be repeated")
	cmd.Flags().StringVar(&f.source, "source", "", "the source whose log it is (default: the one whose paths match, or the only one)")
	cmd.Flags().StringVar(&f.mapper, "mapper", "", "the mapper to try (default: that of the source, or the only one)")
	cmd.Flags().StringVar(&f.format, "format", "", "dialect of the log (default: that of the source, or auto)")
	cmd.Flags().StringVar(&f.logFormat, "log-format", "", "how the gateway was told to write its lines, in its own language")
}

// formatWithout is the dialect of a log of which nothing is said.
const formatWithout = "auto"

// options are those of the mapper for this file, and a line that says which they are.
func (f *mapFlags) options(file string) (mapper.Options, string, error) {
	if len(f.config) == 0 {
		if f.source != "" || f.mapper != "" {
			return mapper.Options{}, "", usageError("--source and --mapper need --config, the files that declare them")
		}
		opt, err := f.override(mapper.Options{Format: formatWithout})
		return opt, describe("", &opt), err
	}
	cfg, err := config.Load(f.config...)
	if err != nil {
		return mapper.Options{}, "", usageError("the configuration is wrong\n\n%w", err)
	}
	opt := mapper.Options{Format: formatWithout}
	what := ""
	s, err := f.choose(cfg, file)
	if err != nil {
		return opt, "", err
	}
	if s != nil {
		opt, what = s.Mapper, fmt.Sprintf("source %q", s.Name)
	}
	switch {
	case f.mapper != "":
		i := slices.IndexFunc(cfg.Mappers, func(m config.Mapper) bool { return m.Rules.Name == f.mapper })
		if i < 0 {
			return opt, "", usageError("--mapper %s: the configuration has no such mapper", f.mapper)
		}
		opt.Rules = cfg.Mappers[i].Rules
	case s == nil && len(cfg.Mappers) == 1:
		opt.Rules = cfg.Mappers[0].Rules
	case s == nil && len(cfg.Mappers) > 1:
		return opt, "", usageError("the configuration has %d mappers: choose one with --mapper", len(cfg.Mappers))
	}
	opt, err = f.override(opt)
	return opt, describe(what, &opt), err
}

// open is the mapper for this file, and a line that says which it is.
func (f *mapFlags) open(file string) (*mapper.Mapper, string, error) {
	opt, what, err := f.options(file)
	if err != nil {
		return nil, "", err
	}
	m, err := mapper.New(opt)
	if err != nil {
		return nil, "", usageError("%w", err)
	}
	return m, what, nil
}

func describe(what string, opt *mapper.Options) string {
	text := "format " + opt.Format
	if opt.LogFormat != "" {
		text += " with a log_format"
	}
	if what != "" {
		text = what + ", " + text
	}
	if opt.Rules == nil {
		return text + ", no mapper"
	}
	return fmt.Sprintf("%s, mapper %q", text, opt.Rules.Name)
}

// choose finds the source of a file, nil when the configuration has none that it could be.
func (f *mapFlags) choose(cfg *config.Config, file string) (*config.Source, error) {
	if f.source != "" {
		for i := range cfg.Sources {
			if cfg.Sources[i].Name == f.source {
				return &cfg.Sources[i], nil
			}
		}
		return nil, usageError("--source %s: the configuration has no such source", f.source)
	}
	if f.mapper != "" {
		for i := range cfg.Sources {
			if r := cfg.Sources[i].Mapper.Rules; r != nil && r.Name == f.mapper {
				return &cfg.Sources[i], nil
			}
		}
		return nil, nil
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	for i := range cfg.Sources {
		for _, pattern := range cfg.Sources[i].Paths {
			if pattern, err = filepath.Abs(pattern); err != nil {
				return nil, err
			}
			if ok, _ := doublestar.PathMatch(pattern, absolute); ok { // config has checked the pattern
				return &cfg.Sources[i], nil
			}
		}
	}
	switch len(cfg.Sources) {
	case 0:
		return nil, nil
	case 1:
		return &cfg.Sources[0], nil
	}
	return nil, usageError("the configuration has %d sources, and none has paths that match %s: choose one with --source", len(cfg.Sources), file)
}

// override puts in what the flags say of the format.
func (f *mapFlags) override(opt mapper.Options) (mapper.Options, error) {
	if f.format != "" {
		if !slices.Contains(mapper.Formats(), f.format) {
			return opt, usageError("--format %s: there is no such dialect; choose one of %v", f.format, mapper.Formats())
		}
		opt.Format, opt.LogFormat = f.format, ""
	}
	if f.logFormat != "" {
		opt.LogFormat = f.logFormat
	}
	return opt, nil
}
