package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

// newTrailTurnCommand is trail start or trail stop.
func newTrailTurnCommand(verb string) *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   verb + " NAME",
		Short: map[string]string{"start": "Have a stopped trail deliver again, from now on", "stop": "Have a trail deliver nothing from now on; its archive says so"}[verb],
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.dial()
			if err != nil {
				return err
			}
			var r *http.Response
			if verb == "start" {
				r, err = c.StartTrail(cmd.Context(), args[0], asJSON)
			} else {
				r, err = c.StopTrail(cmd.Context(), args[0], asJSON)
			}
			var t api.TrailStatus
			if err := c.decode(r, err, &t); err != nil {
				return err
			}
			s := f.screen(cmd)
			if f.output == "json" {
				return printJSON(s, t)
			}
			if t.State == api.TrailStatusStateStopped {
				_, err = fmt.Fprintf(s.w, "trail %s is stopped since %s: what comes is not delivered until actiontrail trail start %s\n", t.Name, timeOr(t.StoppedSince, "now"), t.Name)
			} else {
				_, err = fmt.Fprintf(s.w, "trail %s is %s\n", t.Name, t.State)
			}
			return err
		},
	}
	f.register(cmd, "table", "json")
	return cmd
}

// newTrailRenotifyCommand is trail renotify.
func newTrailRenotifyCommand() *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "renotify NAME",
		Short: "Tell receivers again of the objects of which they would not hear",
		Long: `A notification that its receiver refuses for good is kept, at most 1,000 of them for a receiver, and the next ones go on. When
the receiver is mended this has each of them sent again; "trail status" tells how many are left.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.dial()
			if err != nil {
				return err
			}
			var t api.TrailStatus
			r, err := c.RenotifyTrail(cmd.Context(), args[0], asJSON)
			if err := c.decode(r, err, &t); err != nil {
				return err
			}
			s := f.screen(cmd)
			if f.output == "json" {
				return printJSON(s, t)
			}
			refused := uint64(0)
			for _, d := range t.Deliver {
				for _, n := range d.Notify {
					refused += n.Refused
				}
			}
			_, err = fmt.Fprintf(s.w, "%s of trail %s: each is sent again now; actiontrail trail status %s tells how many are left\n", count(refused, "refused notification"), t.Name, t.Name)
			return err
		},
	}
	f.register(cmd, "table", "json")
	return cmd
}

// asJSON marks a call that changes something: the server takes none that a page of another site could make.
func asJSON(_ context.Context, r *http.Request) error {
	r.Header.Set("Content-Type", "application/json")
	return nil
}
