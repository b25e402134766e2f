package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	program "github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/cmd/internal/lanes"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// two are two aggregators on one stream and one index, and an agent.
type two struct {
	*box    // its log, its archive, and the address of the server that is asked
	node    string
	servers [2]*member
}

type member struct {
	addr, data string
	process    *realtest.Process
}

// newTwo starts NATS, Elasticsearch, the agent and the first server. The second one
// gets the key that signs archives, as an operator would give it, and is started.
func newTwo(t *testing.T) *two {
	b := newBox(t, "")
	nats, _ := realtest.StartNATS(t)
	node, _ := realtest.StartElasticsearch(t)
	w := &two{box: b, node: node}
	trails := ""
	for name, dir := range map[string]string{"all": b.archive(), "paused": w.paused()} {
		trails += fmt.Sprintf("trail %q {\n  deliver \"file\" {\n    path = %q\n    roll { max_age = \"1s\" }\n  }\n}\n", name, dir)
	}
	b.more = fmt.Sprintf("nats {\n  servers   = [\"nats://%s\"]\n  max_bytes = \"1GiB\"\n}\nindex \"elasticsearch\" {\n  addresses = [%q]\n  prefix    = \"two\"\n}\n", nats, node)
	b.configureTrails(trails)
	agent := filepath.Join(b.dir, "agent.hcl")
	text := fmt.Sprintf("agent {\n  name = \"gw-1\"\n  nats {\n    servers = [\"nats://%s\"]\n  }\n}\nsource \"file\" \"edge\" {\n  paths  = [%q]\n  format = \"nginx\"\n}\n", nats, b.log())
	if err := os.WriteFile(agent, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range w.servers {
		w.servers[i] = &member{addr: realtest.FreeAddr(t), data: filepath.Join(b.dir, fmt.Sprint("data-", i))}
	}
	w.begin(0)
	for _, dir := range []string{b.archive(), w.paused()} {
		realtest.Until(t, realtest.Patience, "an archive that is signed", func() bool {
			_, err := os.Stat(filepath.Join(dir, filepath.FromSlash(archive.SealKey(0))))
			return err == nil
		})
	}
	// Without the key that signs it would be somebody else who goes on with the archives.
	w.refuses("the archive is signed by a key that this server does not have", w.args(1)...)
	w.copyKey(w.servers[1].data)
	w.begin(1)
	// The agent is enrolled where nobody leads: the leader comes to know it.
	data := filepath.Join(b.dir, "agent")
	if err := os.MkdirAll(filepath.Join(data, lanes.Folder), 0o750); err != nil {
		t.Fatal(err)
	}
	gateway, err := program.LoadKey(filepath.Join(data, lanes.Folder))
	if err != nil {
		t.Fatal(err)
	}
	if out, code := b.run("keys", "enroll", "gw-1", gateway.Public, "--data", w.servers[1].data); code != 0 {
		t.Fatal(out)
	}
	table := filepath.Join(w.servers[0].data, aggregatorFolder, agentsName)
	realtest.Until(t, realtest.Patience, "the leader to know the agent", func() bool {
		text, err := os.ReadFile(table)
		return err == nil && strings.Contains(string(text), gateway.Public)
	})
	realtest.Start(t, []string{asProgram + "=1"}, os.Args[0], "agent", "--config", agent, "--data", data)
	return w
}

func (w *two) paused() string { return filepath.Join(w.dir, "paused") }

// copyKey gives a server the key that signs archives.
func (w *two) copyKey(data string) {
	w.t.Helper()
	key, err := os.ReadFile(filepath.Join(w.servers[0].data, aggregatorFolder, archiveKeyName))
	if err != nil {
		w.t.Fatal(err)
	}
	folder := filepath.Join(data, aggregatorFolder)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, archiveKeyName), key, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// refuses starts a server that must end by itself, with this reason.
func (w *two) refuses(why string, args ...string) {
	w.t.Helper()
	p := realtest.Start(w.t, []string{asProgram + "=1"}, args...)
	realtest.Until(w.t, realtest.Patience, "the server to refuse", func() bool { ended, _ := p.Ended(); return ended })
	if exit := (*exec.ExitError)(nil); !errors.As(p.Wait(), &exit) || exit.ExitCode() != 2 || !strings.Contains(p.Output(), why) {
		w.t.Errorf("the server ended with %v:\n%s", p.Wait(), p.Output())
	}
}

func (w *two) args(i int) []string {
	return []string{os.Args[0], "aggregator", "--config", w.config(), "--data", w.servers[i].data, "--listen", w.servers[i].addr}
}

// begin starts a server, and waits until it leads or stands by.
func (w *two) begin(i int) {
	w.t.Helper()
	m := w.servers[i]
	if m.process == nil {
		m.process = realtest.Start(w.t, []string{asProgram + "=1"}, w.args(i)...)
	} else {
		m.process.Again()
	}
	realtest.Until(w.t, realtest.Patience, "a server to know who leads", func() bool {
		s := w.status(i)
		return s.Leader != nil && s.Leader.Name != ""
	})
}

func (w *two) status(i int) (s api.Status) {
	r, err := http.Get("http://" + w.servers[i].addr + "/api/v1/status")
	if err != nil {
		return api.Status{}
	}
	defer r.Body.Close()
	if json.NewDecoder(r.Body).Decode(&s) != nil {
		return api.Status{}
	}
	return s
}

// leader waits until one of these servers leads.
func (w *two) leader(of ...int) (leads int) {
	w.t.Helper()
	realtest.Until(w.t, realtest.Patience, fmt.Sprintf("one of the servers %v to lead", of), func() bool {
		for _, i := range of {
			if s := w.status(i); s.Leader != nil && s.Leader.Here {
				leads = i
				return true
			}
		}
		return false
	})
	return leads
}

// post has a server do something; it gives the status of the answer, and the answer.
func (w *two) post(i int, path, body string) (int, string) {
	w.t.Helper()
	r, err := http.Post("http://"+w.servers[i].addr+path, "application/json", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

// trail is how a trail fares, as a server says.
func (w *two) trail(i int, name string) api.TrailStatus {
	for _, t := range w.status(i).Trails {
		if t.Name == name {
			return t
		}
	}
	return api.TrailStatus{}
}

// exact waits until all that was written is in index and archive, and counts both.
func (w *two) exact(asked int) {
	w.t.Helper()
	w.addr = w.servers[asked].addr
	w.indexed()
	realtest.Until(w.t, realtest.Patience, "the trail to have all", func() bool {
		return int(w.trail(asked, "all").Events) >= w.written
	})
	w.allArchived(w.archive())
	if out, code := w.run("verify", w.archive()); code != 0 || !strings.Contains(out, "OK: the archive is complete") {
		w.t.Errorf("verify: %d\n%s", code, out)
	}
	var last string
	realtest.Until(w.t, realtest.Patience, "the node to have as many documents", func() bool {
		n := documents(w.t, w.node+"/two-*/_count?q=origin.source:edge")
		last = fmt.Sprint(n)
		return n >= w.written
	})
	w.t.Logf("%d lines, %s documents of their source", w.written, last)
}

// Two aggregators on the same trails; whoever leads is killed in the middle, then,
// with both there again, the other one is stopped. Each line is in index and archive once.
func TestTwoServers(t *testing.T) { twoServers(t, 8_000) }

// TestSoakTwoServers does it with 200,000 events.
func TestSoakTwoServers(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("takes minutes; make soak runs it")
	}
	twoServers(t, 200_000)
}

func twoServers(t *testing.T, lines int) {
	w := newTwo(t)
	first := w.leader(0, 1)
	second := 1 - first
	if s := w.status(second); s.Leader.Here || !strings.Contains(s.Leader.Name, w.servers[first].addr) {
		t.Errorf("server %d says that %+v leads", second, s.Leader)
	}
	if d := w.trail(second, "all"); d.State != api.TrailStatusStateStandby || !strings.Contains(d.Leader, w.servers[first].addr) {
		t.Errorf("on the standby the trail is %+v", d)
	}
	if code, text := w.post(second, "/api/v1/trails/all/verify", "{}"); code != http.StatusServiceUnavailable {
		t.Errorf("the standby checks an archive: %d %s", code, text)
	}
	w.addr = w.servers[second].addr
	w.write(lines / 4)
	w.indexed() // as the standby finds them

	// What changes trails goes to the leader, and is known to whoever takes over.
	if code, text := w.post(second, "/api/v1/trails/paused/stop", "{}"); code != http.StatusServiceUnavailable || !strings.Contains(text, w.servers[first].addr) {
		t.Errorf("the standby stops a trail: %d %s", code, text)
	}
	if code, text := w.post(first, "/api/v1/trails/paused/stop", "{}"); code != http.StatusOK {
		t.Fatalf("the leader does not stop a trail: %d %s", code, text)
	}
	made := filepath.Join(w.dir, "made")
	if code, text := w.post(first, "/api/v1/trails", fmt.Sprintf(`{"name": "made", "where": "eventName: nothing", "deliver": [{"kind": "file", "path": %q}]}`, made)); code/100 != 2 {
		t.Fatalf("the leader makes no trail: %d %s", code, text)
	}
	w.write(lines / 4)
	w.servers[first].process.Kill() // what it has taken is in no seal yet, or half sealed
	w.write(lines / 4)
	w.leader(second)
	w.exact(second)
	if state := w.trail(second, "paused").State; state != api.TrailStatusStateStopped {
		t.Errorf("the trail that was stopped is %s after the fail-over", state)
	}
	if state := w.trail(second, "made").State; state != api.TrailStatusStateRunning {
		t.Errorf("the trail that was made is %q after the fail-over", state)
	}
	if code, text := w.post(second, "/api/v1/trails/paused/start", "{}"); code != http.StatusOK {
		t.Fatalf("the new leader does not start a trail: %d %s", code, text)
	}
	w.begin(first)
	w.write(lines / 8)
	w.servers[second].process.Signal(syscall.SIGTERM)
	w.write(lines - w.written)
	if err := w.servers[second].process.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	w.leader(first)
	w.exact(first)
	var y *tally
	realtest.Until(t, realtest.Patience, "the other trail to have what came while it ran", func() bool {
		y = newTally(map[string]int{edgeLog: w.written})
		return y.readArchive(w.paused()) == nil && sum(y.lines[edgeLog]) >= w.written-lines/4*2
	})
	for line, n := range y.lines[edgeLog] {
		if stopped := line >= lines/4 && line < lines/4*3; stopped == (n == 1) || n > 1 {
			t.Fatalf("line %d is %d times in the archive of the trail that was stopped", line, n)
		}
	}
	if out, code := w.run("verify", w.paused()); code != 0 || !strings.Contains(out, "while the trail was stopped") {
		t.Errorf("verify: %d\n%s", code, out)
	}

	// An index on its own disk would begin empty.
	alone := filepath.Join(w.dir, "alone")
	w.copyKey(alone)
	text, err := os.ReadFile(w.config())
	if err != nil {
		t.Fatal(err)
	}
	begin, _, _ := strings.Cut(string(text), "index \"elasticsearch\"")
	local := filepath.Join(w.dir, "local.hcl")
	if err := os.WriteFile(local, []byte(begin), 0o600); err != nil {
		t.Fatal(err)
	}
	w.refuses("two servers on one stream need one index", os.Args[0], "aggregator", "--config", local, "--data", alone, "--listen", realtest.FreeAddr(t))
}
