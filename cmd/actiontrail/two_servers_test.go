package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	program "github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/aggregator/api"
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
func newTwo(t *testing.T, trails string) *two {
	b := newBox(t, "")
	nats, _ := realtest.StartNATS(t)
	node, _ := realtest.StartElasticsearch(t)
	w := &two{box: b, node: node}
	if trails == "" {
		trails = fmt.Sprintf("trail \"all\" {\n  deliver \"file\" {\n    path = %q\n    roll { max_age = \"1s\" }\n  }\n}\n", b.archive())
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
	key, err := os.ReadFile(filepath.Join(w.servers[0].data, aggregatorFolder, archiveKeyName))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(w.servers[1].data, aggregatorFolder)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, archiveKeyName), key, 0o600); err != nil {
		t.Fatal(err)
	}
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
	var text strings.Builder
	if _, err := fmt.Fprint(&text, r.Status); err != nil {
		w.t.Fatal(err)
	}
	var any map[string]any
	if json.NewDecoder(r.Body).Decode(&any) == nil {
		fmt.Fprint(&text, any)
	}
	return r.StatusCode, text.String()
}

// exact waits until all that was written is in index and archive, and counts both.
func (w *two) exact(asked int) {
	w.t.Helper()
	w.addr = w.servers[asked].addr
	w.indexed()
	realtest.Until(w.t, realtest.Patience, "the trail to have all", func() bool {
		s := w.status(asked)
		return len(s.Trails) == 1 && int(s.Trails[0].Events) >= w.written
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
func TestTwoServers(t *testing.T) { twoServers(t, 20_000) }

// TestSoakTwoServers does it with 200,000 events.
func TestSoakTwoServers(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("takes minutes; make soak runs it")
	}
	twoServers(t, 200_000)
}

func twoServers(t *testing.T, lines int) {
	w := newTwo(t, "")
	first := w.leader(0, 1)
	second := 1 - first
	if s := w.status(second); s.Leader.Here || !strings.Contains(s.Leader.Name, w.servers[first].addr) {
		t.Errorf("server %d says that %+v leads", second, s.Leader)
	}
	w.addr = w.servers[second].addr
	w.write(lines / 4)
	realtest.Until(t, realtest.Patience, "the standby to find some of them", func() bool { return w.total(lineEvents) > 0 })
	w.write(lines / 4)
	w.servers[first].process.Kill() // what it has taken is in no seal yet, or half sealed
	w.write(lines / 4)
	w.leader(second)
	w.exact(second)
	w.begin(first)
	w.write(lines / 8)
	w.servers[second].process.Signal(syscall.SIGTERM)
	w.write(lines - w.written)
	if err := w.servers[second].process.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	w.leader(first)
	w.exact(first)
}
