package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// site is a machine with an nginx, a program that writes a log of its own, and actiontrail.
type site struct {
	t       *testing.T
	plan    plan
	began   time.Time
	dir     string
	addr    string // of the API
	nginx   *nginxLoad
	app     *writer
	parts   []*part
	journal []deed

	logs     [][2]string // name of the source, and pattern of its files
	archives []string    // of the trails, each of which takes everything
	stream   string      // bound of the stream's bytes
}

// part is a process of actiontrail.
type part struct {
	*realtest.Process
	role string
	data string
	held *hold // nil: it is left alone
}

func newSite(t *testing.T, p plan, logOptions string) *site {
	if testing.Short() {
		t.Skip("starts real processes")
	}
	s := &site{t: t, plan: p, began: time.Now(), dir: t.TempDir(), addr: realtest.FreeAddr(t)}
	s.archives, s.stream = []string{filepath.Join(s.dir, "archive")}, "1GiB"
	s.nginx = &nginxLoad{t: t, nginx: realtest.StartNginx(t, logOptions)}
	s.app = newWriter(t, filepath.Join(s.dir, "app.log"), p.CopyTruncate)
	s.logs = [][2]string{{edgeLog, s.nginx.nginx.Log + "*"}, {appLog, s.app.path + "*"}}
	return s
}

// startServer starts all in one process.
func (s *site) startServer() {
	s.start("server", s.config("server", ""), s.addr)
}

// startAll starts each part as a process of its own. The disks of agent and
// aggregator are small ones when they are to be full.
func (s *site) startAll() {
	data := map[string]string{}
	for role, size := range map[string]string{"aggregator": s.plan.Disk, "agent": "48m"} {
		if data[role] = filepath.Join(s.dir, role); s.plan.Full > 0 {
			data[role] = realtest.SmallDisk(s.t, size)
		}
	}
	// The agent has a key that `keys agent` made, and NATS the accounts that it wrote.
	keys := filepath.Join(s.dir, "agent-gw-1")
	s.must("keys", "agent", "gw-1", "--account", "prod", "--data", data["aggregator"], "--out", keys)
	own := filepath.Join(data["aggregator"], aggregatorFolder)
	nats, process := realtest.StartNATS(s.t, filepath.Join(own, natsAccountsName))
	s.parts = append(s.parts, &part{Process: process, role: "nats"})
	servers := func(key string) string {
		return fmt.Sprintf("servers = [%q]\n  nkey = %q", "nats://"+nats, filepath.Join(key, "agent.nk"))
	}
	s.startIn(data["aggregator"], "aggregator", s.config("aggregator", fmt.Sprintf("%s\n  max_bytes = %q", servers(own), s.stream)), s.addr)
	s.startIn(data["agent"], "agent", s.config("agent", servers(keys)), "")
}

// must runs a command that ends by itself.
func (s *site) must(args ...string) string {
	s.t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	out, err := c.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", args, err, out)
	}
	return string(out)
}

func (s *site) start(role, config, listen string) *realtest.Process {
	return s.startIn(filepath.Join(s.dir, role), role, config, listen)
}

// startIn starts a part that keeps its data in this folder.
func (s *site) startIn(data, role, config, listen string) *realtest.Process {
	args := []string{os.Args[0], role, "--config", config, "--data", data}
	if listen != "" {
		args = append(args, "--listen", listen)
	}
	p := realtest.Start(s.t, []string{asProgram + "=1"}, args...)
	s.parts = append(s.parts, &part{Process: p, role: role, data: data})
	return p
}

// config writes the configuration of one process.
func (s *site) config(role, servers string) string {
	s.t.Helper()
	var c strings.Builder
	if role != "aggregator" {
		fmt.Fprintf(&c, "agent {\n  name = \"gw-1\"\n  account = \"prod\"\n  spool { max_bytes = \"16MiB\" }\n")
		if servers != "" {
			fmt.Fprintf(&c, "  nats {\n    %s\n  }\n", servers)
		}
		fmt.Fprintf(&c, "}\n")
		for _, log := range s.logs {
			fmt.Fprintf(&c, "source \"file\" %q {\n  paths = [%q]\n  format = \"nginx\"\n  start = \"beginning\"\n}\n", log[0], log[1])
		}
	}
	if role != "agent" {
		if servers != "" {
			fmt.Fprintf(&c, "nats {\n  %s\n}\n", servers)
		}
		fmt.Fprintf(&c, "index \"local\" {\n  retention = \"90d\"\n}\n")
		for i, path := range s.archives {
			fmt.Fprintf(&c, "trail \"all-%d\" {\n  deliver \"file\" {\n    path = %q\n    roll {\n      max_age = \"2s\"\n    }\n  }\n}\n", i, path)
		}
	}
	path := filepath.Join(s.dir, role+".hcl")
	if err := os.WriteFile(path, []byte(c.String()), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// ask asks the API, and gives the body to read; nil while nobody answers.
func (s *site) ask(path string, query url.Values, accept string) io.ReadCloser {
	r, err := http.NewRequest(http.MethodGet, "http://"+s.addr+path+"?"+query.Encode(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil
	}
	if a.StatusCode != http.StatusOK {
		a.Body.Close()
		return nil
	}
	return a.Body
}

// get reads an answer into v; false while there is none.
func (s *site) get(path string, query url.Values, v any) bool {
	body := s.ask(path, query, "application/json")
	if body == nil {
		return false
	}
	defer body.Close()
	return json.NewDecoder(body).Decode(v) == nil
}

// total is how many events a query finds; -1 while nobody answers.
func (s *site) total(query string) int {
	page := struct{ Total int }{-1}
	if !s.get("/api/v1/events", url.Values{"query": {query}, "limit": {"0"}}, &page) {
		return -1
	}
	return page.Total
}

// until waits for a condition that it asks for less often than realtest.Until does: each call of the API is an event.
func (s *site) until(patience time.Duration, what string, ok func() bool) {
	s.t.Helper()
	n := 0
	realtest.Until(s.t, patience, what, func() bool { n++; return n%10 == 1 && ok() })
}
