package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/config/write"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

func newMapLearnCommand() *cobra.Command {
	var f mapFlags
	name := ""
	cmd := &cobra.Command{
		Use:   "learn FILE",
		Short: "Write a first mapper file from a log",
		Long: `Learn reads a gateway's log, finds the ids in its paths by their form and by how many different ones there are, and prints a mapper with a
route for each operation that it saw. It is a beginning: read it, give the actions the names that your people use, and try it with map test.

FILE may be gzipped; - stands for standard input.`,
		Example: `  actiontrail map learn access.log --name shop > shop.hcl
  actiontrail map test --config shop.hcl access.log`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !event.ValidName(name) {
				return usageError("--name %q is not a name: 1 to 64 letters, digits, - and _", name)
			}
			return learnFrom(&f, name, args[0], cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&name, "name", "gateway", "name of the mapper")
	return cmd
}

// learnFrom learns of the requests that no route names yet: with a configuration, what is still to be done.
func learnFrom(f *mapFlags, name, file string, stdin io.Reader, out, note io.Writer) error {
	m, what, err := f.open(file)
	if err != nil {
		return err
	}
	var learner mapper.Learner
	var lines, learned int
	var unread error
	err = eachLine(file, stdin, func(n int, line []byte) error {
		lines++
		r := plugins.Record{Data: line}
		var e event.Event
		e.Origin.Observed = event.Unix(time.Now().UnixNano(), 9)
		switch err := m.Map(&r, &e); {
		case errors.Is(err, plugins.ErrIgnored):
		case err != nil:
			if unread == nil {
				unread = fmt.Errorf("line %d: %w", n, err)
			}
		default:
			if s := m.Seen(); !s.Routed {
				learned++
				learner.Add(s.Method, s.Path, s.Query)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(note, "%s: %s\n", file, what)
	proposals := learner.Propose()
	if len(proposals) == 0 {
		if unread != nil {
			return usageError("%s: none of its %d lines is a request that has no route yet; %w", file, lines, unread)
		}
		return usageError("%s: there is nothing to learn: none of its %d lines is a request that has no route yet", file, lines)
	}
	if _, err := out.Write(write.Mapper(name, proposals)); err != nil {
		return err
	}
	fmt.Fprintf(note, "%s of %s, %s\n", count(learned, "request"), count(lines, "line"), count(len(proposals), "proposal"))
	if unread != nil {
		fmt.Fprintf(note, "not in the format: %v\n", unread)
	}
	return nil
}
