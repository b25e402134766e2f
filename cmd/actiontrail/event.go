package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/event"
)

type eventCommand struct {
	clientFlags
	surrounding int
	by          string
	screen      screen
	note        io.Writer
}

// sharedParts are what the neighbours of an event may have in common with it. Never changed.
var sharedParts = []string{"any", "actor", "sourceIp", "resource", "accessKey", "session", "agentSource"}

func newEventCommand() *cobra.Command {
	var e eventCommand
	cmd := &cobra.Command{
		Use:   "event ID",
		Short: "Show one event, and what happened around it",
		Long: `Shows all fields of the event with this eventId. With --surrounding, shows instead the events right before and after it: all of them, or
those of the same actor, address, resource, access key, session, or source.`,
		Example: `  actiontrail event 5b1f2a04-3d1e-5c6f-8a7b-9c0d1e2f3a4b
  actiontrail event 5b1f2a04-3d1e-5c6f-8a7b-9c0d1e2f3a4b --surrounding --by actor
  actiontrail event 5b1f2a04-3d1e-5c6f-8a7b-9c0d1e2f3a4b --surrounding=50 -o ndjson`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e.screen, e.note = e.clientFlags.screen(cmd), cmd.ErrOrStderr()
			if !slices.Contains(sharedParts, e.by) {
				return usageError("--by %s: choose one of %s", e.by, strings.Join(sharedParts, ", "))
			}
			if e.by != "any" && e.surrounding == 0 {
				return usageError("--by is for --surrounding")
			}
			c, err := e.dial()
			if err != nil {
				return err
			}
			if e.surrounding != 0 {
				return e.neighbours(cmd.Context(), c, args[0])
			}
			return e.one(cmd.Context(), c, args[0])
		},
	}
	e.register(cmd, "table", "json", "ndjson")
	cmd.Flags().IntVar(&e.surrounding, "surrounding", 0, "show this many events on each side, 10 without a number")
	cmd.Flags().Lookup("surrounding").NoOptDefVal = "10"
	cmd.Flags().StringVar(&e.by, "by", sharedParts[0], "what they have in common with it: "+strings.Join(sharedParts, ", "))
	return cmd
}

func (e *eventCommand) one(ctx context.Context, c *client, id string) error {
	var raw json.RawMessage
	r, err := c.GetEvent(ctx, id)
	if err := c.decode(r, err, &raw); err != nil {
		return err
	}
	switch e.output {
	case "json":
		var b bytes.Buffer
		if err := json.Indent(&b, raw, "", "  "); err != nil {
			return usageError("an event of %s cannot be read: %w", c.server, err)
		}
		return e.screen.write(append(b.Bytes(), '\n'))
	case "ndjson":
		return e.screen.write(append(raw, '\n'))
	}
	o, err := event.ParseObject(raw)
	if err != nil {
		return usageError("an event of %s cannot be read: %w", c.server, err)
	}
	return printLeaves(e.screen.w, o)
}

// printLeaves prints what an event says, a value a line: first the fields of the form, in their order, then what is in its bodies.
func printLeaves(w io.Writer, o event.Object) error {
	values, names, width := map[string][]string{}, []string{}, 0
	for _, f := range event.Fields() {
		names = append(names, f.Name)
	}
	o.Leaves(func(path, value string) {
		if !slices.Contains(names, path) {
			names = append(names, path)
		}
		values[path] = append(values[path], value)
		width = max(width, textWidth(visible(path)))
	})
	for _, name := range names {
		for _, v := range values[name] {
			shown := visible(name)
			if _, err := fmt.Fprintf(w, "%s%s%s%s\n", shown, strings.Repeat(" ", width-textWidth(shown)), gap, visible(v)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *eventCommand) neighbours(ctx context.Context, c *client, id string) error {
	var s api.Surrounding
	r, err := c.ListSurrounding(ctx, id, &api.ListSurroundingParams{N: &e.surrounding, By: api.ListSurroundingParamsBy(e.by)})
	if err := c.decode(r, err, &s); err != nil {
		return err
	}
	warn(e.note, "", s.Warnings, s.Incomplete)
	all := slices.Concat(s.Before, []api.Event{s.Event}, s.After)
	switch e.output {
	case "json":
		return printJSON(e.screen, s)
	case "ndjson":
		p := printer{screen: e.screen, form: "ndjson"}
		return p.print(all)
	}
	rows := make([][]string, len(all))
	for i, raw := range all {
		read, err := event.ParseJSON(raw)
		if err != nil {
			return usageError("an event of %s cannot be read: %w", c.server, err)
		}
		mark := ""
		if i == len(s.Before) {
			mark = ">"
		}
		rows[i] = append([]string{mark}, eventRow(&read, e.screen.width)...)
	}
	columns := append([]column{{title: "", fixed: true}}, eventColumns...)
	if err := newTable(e.screen, columns, rows).print(rows); err != nil {
		return err
	}
	for _, side := range []struct {
		more bool
		word string
	}{{s.MoreBefore, "before"}, {s.MoreAfter, "after"}} {
		if side.more {
			fmt.Fprintf(e.note, "there are more %s those\n", side.word)
		}
	}
	if s.Query != "" {
		fmt.Fprintf(e.note, "actiontrail search %s finds all of them\n", shellQuoted(s.Query))
	}
	return nil
}
