package local

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// killDir is the variable of the environment that makes a test process the writer that is killed.
const killDir = "INDEX_KILL_DIR"

// killed is the index that the killed process writes: small segments of two
// classes, so that builds and merges are always under way. All events are kept,
// though the clock of its flushes is far ahead.
func killed(dir string) Config {
	signins := testClasses[0]
	signins.Retention = 0
	return Config{Dir: dir, SegmentEvents: 20, Classes: index.Classes{signins}, Now: testNow}
}

// A process that is killed with SIGKILL at any moment, again and again on one
// folder, has lost nothing that was acknowledged, doubled nothing, and damaged
// nothing. INDEX_KILLS says how often; 20 is the ordinary run.
func TestKilledProcess(t *testing.T) {
	s := newStream(100)
	if dir := os.Getenv(killDir); dir != "" {
		writeUntilKilled(t, s, dir)
		return
	}
	if testing.Short() {
		t.Skip("starts real processes")
	}
	t.Parallel()
	kills := 20
	if n, err := strconv.Atoi(os.Getenv("INDEX_KILLS")); err == nil {
		kills = n
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	dir, folders := t.TempDir(), 1
	for range kills {
		acknowledged := killOnce(t, dir, random.IntN(25), time.Duration(random.IntN(3000))*time.Microsecond)
		x := mustOpen(t, killed(dir))
		p := s.holds(t, x, acknowledged)
		mustClose(t, x)
		if p.Seq == s[len(s)-1].Seq {
			if r := mustCheck(t, dir); !r.OK() {
				t.Fatalf("%+v", r)
			}
			dir, folders = t.TempDir(), folders+1
		}
	}
	if r := mustCheck(t, dir); !r.OK() {
		t.Fatalf("%+v", r)
	}
	t.Logf("%d kills, %d folders", kills, folders)
}

// killOnce has a process write, and kills it a moment after so many acknowledged
// writes, or when it is done. It gives the last seq that was acknowledged.
func killOnce(t *testing.T, dir string, after int, moment time.Duration) (acknowledged uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$", "-test.timeout=5m")
	cmd.Env = append(cmd.Environ(), killDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, n := bufio.NewScanner(out), 0
	var rest []string
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "acknowledged ")
		if !ok {
			rest = append(rest, lines.Text())
			continue
		}
		if acknowledged, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
		if n++; n == after+1 {
			timer := time.AfterFunc(moment, func() { _ = cmd.Process.Kill() }) // it may have ended
			defer timer.Stop()
		}
	}
	if err := cmd.Wait(); n == 0 || err != nil && cmd.ProcessState.ExitCode() >= 0 {
		t.Fatalf("the writer: %v, %d writes\n%s", err, n, strings.Join(rest, "\n"))
	}
	return acknowledged
}

// writeUntilKilled writes the stream, a batch or a few at a time, and tells what is durable.
func writeUntilKilled(t *testing.T, s stream, dir string) {
	x := mustOpen(t, killed(dir))
	fmt.Printf("acknowledged %d\n", x.Position().Seq)
	for x.Position().Seq < s[len(s)-1].Seq {
		next := s[x.Position().Seq:]
		next = next[:min(len(next), 1+int(x.Position().Seq)%3)]
		if err := x.Write(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("acknowledged %d\n", x.Position().Seq)
		// Always later: each segment is merged with those of its day, beside the next writes.
		if err := x.Flush(t.Context(), longAfter().Add(time.Duration(x.Position().Seq)*2*mergeQuiet)); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, x)
}
