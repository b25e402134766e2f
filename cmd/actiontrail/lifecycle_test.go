package main

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// A second start on the same data says so and does nothing.
func TestSecondStartOnTheSameData(t *testing.T) {
	b := newBox(t, "")
	b.write(10)
	b.start()
	b.indexed()
	for _, part := range []string{"server", "aggregator"} {
		args := b.args()
		args[1], args[len(args)-1] = part, realtest.FreeAddr(t)
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(cmd.Environ(), asProgram+"=1")
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(out), "another process runs on") {
			t.Errorf("%s: exit code %d, %v: %s", part, code, err, out)
		}
	}
	args := b.args()
	args[5] = t.TempDir() // other data, but the same address
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(cmd.Environ(), asProgram+"=1")
	if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "choose another one with --listen") {
		t.Errorf("on a taken address: %v: %s", err, out)
	}
	b.write(10)
	b.indexed()
}

// A server that is told to stop ends soon and with 0; the next one goes on where
// it was, and both the stop and the start are in the trail.
func TestStopAndStartAgain(t *testing.T) {
	b := newBox(t, "")
	b.write(1000)
	b.start()
	b.indexed()
	b.server.Signal(syscall.SIGTERM)
	if err := b.server.Wait(); err != nil {
		t.Fatalf("the server ended with %v", err)
	}
	b.write(1000)
	b.configure("eventRW: Write")
	b.start()
	b.indexed()
	for query, want := range map[string]int{
		"eventName: StartServer": 2, "eventName: StopServer": 1, "eventName: CreateTrail and resourceName: all": 1,
		`eventName: UpdateTrail and requestParameters.where: "eventRW: Write"`: 1, "eventName: UpdateConfiguration": 1, "eventName: DeleteTrail": 0,
	} {
		realtest.Until(t, realtest.Patience, query, func() bool { return b.total(query) >= want })
		if n := b.total(query); n != want {
			t.Errorf("%s: %d events, want %d", query, n, want)
		}
	}
	b.archived()
}

// A full disk: nothing is acknowledged, the process stays and says so, searches
// go on, and once there is room all is there, once.
func TestFullDisk(t *testing.T) {
	b := newBox(t, realtest.SmallDisk(t, "64m"))
	b.write(5000)
	b.start()
	b.indexed()
	before := b.written
	ballast := realtest.Fill(t, b.data)
	b.write(10_000)
	realtest.Until(t, realtest.Patience, "the server to say that it is not ready", func() bool { code, _ := b.get("/readyz", nil); return code == http.StatusServiceUnavailable })
	_, body := b.get("/readyz", nil)
	var problem struct{ Reasons []string }
	if err := json.Unmarshal([]byte(body), &problem); err != nil || !strings.Contains(strings.Join(problem.Reasons, "\n"), "is full") {
		t.Errorf("readyz answers %s", body)
	}
	if n := b.total(lineEvents); n < before {
		t.Errorf("on a full disk a search finds %d of %d events", n, before)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	b.indexed()
	realtest.Until(t, realtest.Patience, "the server to be ready again", func() bool { code, _ := b.get("/readyz", nil); return code == http.StatusOK })
	b.archived()
}
