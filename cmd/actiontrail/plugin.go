package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/event"
)

// skeletons are the files of a new plugin: those of both kinds, and those of one.
//
//go:embed skeleton
var skeletons embed.FS

func newPluginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "Write sources and sinks of your own",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var s skeleton
	create := &cobra.Command{
		Use:   "new NAME",
		Short: "Write the skeleton of a plugin: a Go module that works, with its tests",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.Name = args[0]
			if err := s.write(); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s holds a %s that works; go on with: cd %s && go mod tidy && go test ./...\n", s.dir, s.Kind, s.dir)
			return nil
		},
	}
	create.Flags().StringVar(&s.Kind, "kind", "source", "what it is: source or sink")
	create.Flags().StringVar(&s.dir, "dir", "", "folder to write, which must not be there yet or be empty (default ./NAME)")
	create.Flags().StringVar(&s.Replace, "replace", "", "folder with the sources of actiontrail, to build with instead of the published ones")
	cmd.AddCommand(create)
	return cmd
}

// skeleton is what the files of a new plugin are made with.
type skeleton struct {
	Name, Kind string
	Module     string
	Version    string // of actiontrail
	Replace    string // folder with its sources; empty: the published ones
	dir        string
}

func (s *skeleton) write() error {
	if !event.ValidName(s.Name) {
		return usageError("%q is not a name: names are 1 to 64 letters, digits, - and _", s.Name)
	}
	if s.Kind != "source" && s.Kind != "sink" {
		return usageError("--kind %s: there is no such kind; choose source or sink", s.Kind)
	}
	if s.dir == "" {
		s.dir = s.Name
	}
	if s.Module, s.Version = "example.com/"+strings.ToLower(s.Name), version; !strings.HasPrefix(version, "v") {
		s.Version = "v0.0.0"
	}
	if s.Replace != "" {
		absolute, err := filepath.Abs(s.Replace)
		if err != nil {
			return usageError("%w", err)
		}
		s.Replace = absolute
	}
	if there, err := os.ReadDir(s.dir); err == nil && len(there) > 0 {
		return usageError("%s is not empty: nothing was written; take another --dir", s.dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usageError("%w", err)
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return usageError("%w", err)
	}
	for _, folder := range []string{"skeleton", "skeleton/" + s.Kind} {
		files, err := skeletons.ReadDir(folder)
		if err != nil {
			return err
		}
		for _, f := range files {
			if f.IsDir() {
				continue
			}
			if err := s.file(folder + "/" + f.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *skeleton) file(name string) error {
	t, err := template.ParseFS(skeletons, name)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, s); err != nil {
		return err
	}
	file := filepath.Join(s.dir, strings.TrimSuffix(filepath.Base(name), ".tmpl"))
	if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
		return usageError("%w", err)
	}
	return nil
}
