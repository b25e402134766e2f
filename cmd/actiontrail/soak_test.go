package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
)

// scale is how much a run does. make soak sets SOAK=1 for the large one.
type scale struct{ lines, kills int }

func soakScale() scale {
	if os.Getenv("SOAK") != "" {
		return scale{200_000, 5}
	}
	return scale{12_000, 1}
}

const rotations = 3

// TestNginxServerKilled: a real nginx under load writes its log through a
// buffer, the log is rotated by rename, and the server is killed by -9 in the
// midst of it. Every line must be in the index and in the archive, once.
func TestNginxServerKilled(t *testing.T) {
	w := newSite(t, "buffer=64k flush=1s", "access.log")
	server := w.start("server", w.config("server", ""), w.addr)
	w.run([]*realtest.Process{server})
}

// TestNginxThreeProcessesKilled is the same with agent, NATS server and
// aggregator as processes of their own, each killed alone. The agent has a key
// that `keys agent` made, and NATS the accounts that it wrote.
func TestNginxThreeProcessesKilled(t *testing.T) {
	w := newSite(t, "", "access.log*")
	folder, data := filepath.Join(w.dir, "agent-gw-1"), filepath.Join(w.dir, "aggregator")
	w.must("keys", "agent", "gw-1", "--account", "prod", "--data", data, "--out", folder)
	nats, natsServer := realtest.StartNATS(t, filepath.Join(data, aggregatorFolder, natsAccountsName))
	servers := fmt.Sprintf("servers = [%q]\n  nkey = ", "nats://"+nats)
	aggregator := w.start("aggregator", w.config("aggregator", servers+fmt.Sprintf("%q\n  max_bytes = \"1GiB\"", filepath.Join(data, aggregatorFolder, "agent.nk"))), w.addr)
	agent := w.start("agent", w.config("agent", servers+fmt.Sprintf("%q", filepath.Join(folder, "agent.nk"))), "")
	w.run([]*realtest.Process{agent, natsServer, aggregator})
}

// must runs a command that ends by itself.
func (w *site) must(args ...string) string {
	w.t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	out, err := c.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", args, err, out)
	}
	return string(out)
}

// site is a machine with an nginx and actiontrail.
type site struct {
	t     *testing.T
	nginx *realtest.Nginx
	dir   string
	addr  string // of the API
	glob  string
	scale scale
}

func newSite(t *testing.T, logOptions, glob string) *site {
	if testing.Short() {
		t.Skip("starts real processes")
	}
	nginx := realtest.StartNginx(t, logOptions)
	w := &site{t: t, nginx: nginx, dir: t.TempDir(), addr: realtest.FreeAddr(t), glob: filepath.Join(filepath.Dir(nginx.Log), glob), scale: soakScale()}
	return w
}

// config writes the configuration of one process.
func (w *site) config(role, servers string) string {
	w.t.Helper()
	var c strings.Builder
	if role != "aggregator" {
		fmt.Fprintf(&c, "agent {\n  name = \"gw-1\"\n  account = \"prod\"\n")
		if servers != "" {
			fmt.Fprintf(&c, "  nats {\n    %s\n  }\n", servers)
		}
		fmt.Fprintf(&c, "}\nsource \"file\" \"edge\" {\n  paths = [%q]\n  format = \"nginx\"\n  start = \"beginning\"\n}\n", w.glob)
	}
	if role != "agent" {
		if servers != "" {
			fmt.Fprintf(&c, "nats {\n  %s\n}\n", servers)
		}
		fmt.Fprintf(&c, "index \"local\" {\n  retention = \"90d\"\n}\ntrail \"all\" {\n  deliver \"file\" {\n    path = %q\n    roll {\n      max_age = \"2s\"\n    }\n  }\n}\n", w.archive())
	}
	path := filepath.Join(w.dir, role+".hcl")
	if err := os.WriteFile(path, []byte(c.String()), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func (w *site) archive() string { return filepath.Join(w.dir, "archive") }

func (w *site) start(role, config, listen string) *realtest.Process {
	args := []string{os.Args[0], role, "--config", config, "--data", filepath.Join(w.dir, role)}
	if listen != "" {
		args = append(args, "--listen", listen)
	}
	return realtest.Start(w.t, []string{asProgram + "=1"}, args...)
}

// run loads nginx, rotates, kills, and checks.
func (w *site) run(victims []*realtest.Process) {
	realtest.Until(w.t, time.Minute, "the agent to have begun", func() bool {
		return w.total("origin.agent: aggregator and eventName: AgentEnrolled and resourceName: gw-1") > 0
	})
	var sent atomic.Int64
	var clients sync.WaitGroup
	const parallel = 8
	for c := range parallel {
		clients.Go(func() { w.load(c, parallel, &sent) })
	}
	// Faults are spread over the load: three rotations, and every victim killed as often as the scale says.
	faults := rotations + w.scale.kills*len(victims)
	killed := 0
	for i := range faults {
		at := int64(w.scale.lines * (i + 1) / (faults + 1))
		realtest.Until(w.t, 10*time.Minute, "load", func() bool { return sent.Load() >= at })
		if i%(faults/rotations) == faults/rotations-1 && i/(faults/rotations) < rotations {
			w.nginx.Rotate(w.t)
			continue
		}
		victim := victims[killed%len(victims)]
		killed++
		victim.Kill()
		victim.Again()
	}
	clients.Wait()
	w.nginx.Quit(w.t)
	lines := w.lines()
	w.t.Logf("nginx wrote %d lines in %d files; %d kills", lines, len(w.nginx.Files(w.t)), killed)
	if lines != w.scale.lines {
		w.t.Fatalf("nginx wrote %d lines for %d requests", lines, w.scale.lines)
	}
	w.t.Cleanup(func() {
		if w.t.Failed() {
			for _, f := range w.nginx.Files(w.t) {
				b, _ := os.ReadFile(f)
				w.t.Logf("%s: %d lines", f, bytes.Count(b, []byte("\n")))
			}
			w.t.Logf("files in the index: %s", w.get("/api/v1/fields/origin.fileId/values", url.Values{"query": {lineEvents}}))
			w.t.Logf("%d events in the index; status: %s", w.total(lineEvents), w.get("/api/v1/status", nil))
		}
	})
	realtest.Until(w.t, 3*time.Minute, "all lines in the index", func() bool { return w.total(lineEvents) >= lines })
	w.checkIndex(lines)
	realtest.Until(w.t, time.Minute, "all lines in the archive", func() bool { n, _ := w.archived(); return n >= lines })
	w.checkArchive(lines)
	w.checkCounts()
}

// checkCounts prints what else became of lines: with a log of nothing but right lines, nothing.
func (w *site) checkCounts() {
	var s api.Status
	if err := json.Unmarshal([]byte(w.get("/api/v1/status", nil)), &s); err != nil {
		w.t.Fatalf("status: %v", err)
	}
	var ignored uint64
	for _, source := range s.Sources {
		ignored += source.Ignored
	}
	unparsed := w.total("eventName: Unparsed")
	w.t.Logf("ignored %d, unparsed %d, quarantined %d", ignored, unparsed, s.Quarantine.Count)
	if ignored != 0 || unparsed != 0 || s.Quarantine.Count != 0 {
		w.t.Errorf("every line is right, and none is to be ignored")
	}
}

// load sends one client's share of the requests, each with a number of its own.
func (w *site) load(client, clients int, sent *atomic.Int64) {
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	for i := client; i < w.scale.lines; i += clients {
		r, err := c.Get(fmt.Sprintf("http://%s/v1/instances/i-%08d/stop?n=%d", w.nginx.Addr, i%5000, i))
		if err != nil {
			w.t.Errorf("request %d: %v", i, err)
			return
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		sent.Add(1)
	}
}

func (w *site) lines() (n int) {
	for _, f := range w.nginx.Files(w.t) {
		b, err := os.ReadFile(f)
		if err != nil {
			w.t.Fatal(err)
		}
		n += bytes.Count(b, []byte("\n"))
	}
	return n
}

// get asks the API; while the server is down the answer is empty.
func (w *site) get(path string, query url.Values) string {
	r, err := http.NewRequest(http.MethodGet, "http://"+w.addr+path+"?"+query.Encode(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if query.Get("limit") == "" {
		r.Header.Set("Accept", "application/x-ndjson, application/json;q=0.5")
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return ""
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		return ""
	}
	return string(b)
}

func (w *site) total(query string) int {
	var page struct{ Total int }
	answer := w.get("/api/v1/events", url.Values{"query": {query}, "limit": {"0"}})
	if answer == "" || json.Unmarshal([]byte(answer), &page) != nil {
		return -1
	}
	return page.Total
}

// lineEvents asks for the events of lines, and evidence for the names of what the agent tells of itself beside them.
const lineEvents = "origin.source: edge and not eventName: (SourceStarted or SourceRotated or SourceTruncated or SourceGap or ClockJumped)"

var evidence = map[string]bool{plugins.SourceStarted: true, plugins.SourceRotated: true, plugins.SourceTruncated: true, plugins.SourceGap: true, plugins.ClockJumped: true}

// tally counts the events of lines and tells ids, and places in a file, that come twice.
type tally struct {
	events int
	ids    map[string]bool
	places map[string]bool
	twice  []string
}

func newTally() *tally { return &tally{ids: map[string]bool{}, places: map[string]bool{}} }

func (y *tally) add(line []byte) error {
	var e struct {
		EventID, EventName string

		Origin struct {
			Source, FileID string
			Offset         int64
		}
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return fmt.Errorf("%w: %.200s", err, line)
	}
	if e.Origin.Source != "edge" || evidence[e.EventName] {
		return nil
	}
	y.events++
	place := fmt.Sprint(e.Origin.FileID, "@", e.Origin.Offset)
	if y.ids[e.EventID] || y.places[place] {
		y.twice = append(y.twice, e.EventID+" "+place)
	}
	y.ids[e.EventID], y.places[place] = true, true
	return nil
}

func (w *site) checkIndex(lines int) {
	w.t.Helper()
	y := newTally()
	scan := bufio.NewScanner(strings.NewReader(w.get("/api/v1/events", url.Values{"query": {lineEvents}})))
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		if err := y.add(scan.Bytes()); err != nil {
			w.t.Fatal(err)
		}
	}
	w.report("index", y, lines)
}

func (w *site) report(where string, y *tally, lines int) {
	w.t.Helper()
	w.t.Logf("%s: %d events, %d ids", where, y.events, len(y.ids))
	if y.events != lines || len(y.ids) != lines || len(y.twice) > 0 {
		w.t.Errorf("%s: %d lines, %d events, %d ids; twice: %.10q", where, lines, y.events, len(y.ids), y.twice)
	}
}

// archived reads every object of the archive.
func (w *site) archived() (int, *tally) {
	w.t.Helper()
	y := newTally()
	err := filepath.WalkDir(w.archive(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".gz") {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		scan := bufio.NewScanner(z)
		scan.Buffer(nil, 1<<20)
		for scan.Scan() {
			if err := y.add(scan.Bytes()); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		return scan.Err()
	})
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	return y.events, y
}

func (w *site) checkArchive(lines int) {
	w.t.Helper()
	_, y := w.archived()
	w.report("archive", y, lines)
	verify := func() (string, error) {
		c := exec.Command(os.Args[0], "verify", w.archive())
		c.Env = append(os.Environ(), asProgram+"=1")
		out, err := c.CombinedOutput()
		return string(out), err
	}
	out, err := verify()
	if err != nil {
		w.t.Errorf("verify of the archive: %v\n%s", err, out)
	}
	w.t.Logf("verify: %s", out)
	object := w.someObject()
	f, err := os.OpenFile(object, os.O_RDWR, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	one := make([]byte, 1)
	if _, err := f.ReadAt(one, 100); err != nil {
		w.t.Fatal(err)
	}
	one[0] ^= 1
	if _, err := f.WriteAt(one, 100); err != nil {
		w.t.Fatal(err)
	}
	out, err = verify()
	if err == nil || !strings.Contains(out, filepath.Base(object)) {
		w.t.Errorf("verify after one byte of %s was changed: %v\n%s", filepath.Base(object), err, out)
	}
	if exit, ok := err.(*exec.ExitError); ok && exit.Sys().(syscall.WaitStatus).ExitStatus() != 1 {
		w.t.Errorf("verify of a damaged archive exits with %d, want 1", exit.ExitCode())
	}
}

func (w *site) someObject() (object string) {
	w.t.Helper()
	err := filepath.WalkDir(w.archive(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".gz") && object == "" {
			object = path
		}
		return err
	})
	if err != nil || object == "" {
		w.t.Fatalf("no object in %s: %v", w.archive(), err)
	}
	return object
}
