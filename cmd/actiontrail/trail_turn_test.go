package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// Somebody stops a trail and starts it again, with a kill in each state: what came
// in between is not in the archive, which says so; all else is, once.
func TestStoppedTrail(t *testing.T) {
	b := newBox(t, "")
	b.start()
	const lines = 500
	write := func() {
		b.write(lines)
		b.indexed()
	}
	write()
	b.trailCommand("stop", "all")
	if s := b.trail("all"); s.State != api.TrailStatusStateStopped || s.StoppedSince.IsZero() {
		t.Errorf("a stopped trail is %+v", s)
	}
	write()
	b.server.Kill()
	b.start()
	if s := b.trail("all"); s.State != api.TrailStatusStateStopped {
		t.Errorf("after a kill the stopped trail is %s", s.State)
	}
	write()
	b.trailCommand("start", "all")
	b.server.Kill()
	b.start()
	write()
	var y *tally
	realtest.Until(t, realtest.Patience, "the archive to have all that was not stopped", func() bool {
		y = newTally(map[string]int{edgeLog: b.written})
		return y.readArchive(b.archive()) == nil && sum(y.lines[edgeLog]) >= 2*lines
	})
	for line, n := range y.lines[edgeLog] {
		if want := int8(1); (line >= lines && line < 3*lines) == (n == want) {
			t.Errorf("line %d is %d times in the archive", line, n)
			break
		}
	}
	bucket, err := file.New(b.archive())
	if err != nil {
		t.Fatal(err)
	}
	r, err := archive.Verify(t.Context(), bucket, archive.VerifyOptions{})
	if err != nil || !r.OK() || len(r.Stopped) != 1 || r.Stopped[0].Events < 2*lines {
		t.Errorf("stopped: %+v, problems %v, %v", r.Stopped, r.Problems, err)
	}
	for _, query := range []string{"eventName: TrailStopped and resourceName: all", "eventName: TrailStarted and resourceName: all"} {
		realtest.Until(t, realtest.Patience, query, func() bool { return b.total(query) >= 1 })
	}
}

// trailCommand runs actiontrail trail VERB ARGS and gives what it prints.
func (b *box) trailCommand(verb string, args ...string) string {
	b.t.Helper()
	return b.command(newTrailCommand(), append([]string{verb}, args...)...)
}

// command runs a client of the server and gives what it prints.
func (b *box) command(cmd *cobra.Command, args ...string) string {
	b.t.Helper()
	var out, errs bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(append(args, "--server", "http://"+b.addr))
	if err := cmd.ExecuteContext(context.Background()); err != nil {
		b.t.Fatalf("%s %s: %v\n%s", cmd.Name(), strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}
