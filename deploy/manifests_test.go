package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// The configuration inside of the manifests for Kubernetes is one that loads.
func TestManifests(t *testing.T) {
	manifests, err := filepath.Glob("kubernetes/*.yaml")
	if err != nil || len(manifests) < 2 {
		t.Fatalf("manifests: %v, %v", manifests, err)
	}
	for _, m := range manifests {
		text, err := os.ReadFile(m)
		if err != nil {
			t.Fatal(err)
		}
		const start, indent = "\n  agent.hcl: |\n", "    "
		_, rest, found := strings.Cut(string(text), start)
		if !found {
			t.Errorf("%s: no agent.hcl", m)
			continue
		}
		var block strings.Builder
		for line := range strings.Lines(rest) {
			if !strings.HasPrefix(line, indent) {
				break
			}
			block.WriteString(strings.TrimPrefix(line, indent))
		}
		file := filepath.Join(t.TempDir(), "agent.hcl")
		if err := os.WriteFile(file, []byte(block.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(file)
		if err != nil {
			t.Errorf("%s: %v", m, err)
			continue
		}
		if len(c.Sources) != 1 || len(c.Agent.NATS.Servers) == 0 {
			t.Errorf("%s: %d sources, servers %q", m, len(c.Sources), c.Agent.NATS.Servers)
		}
	}
}

// A line that Envoy writes with the format of docs/guide/agent.md means what it should.
func TestEnvoyLine(t *testing.T) {
	line := `{"ssl_client_s_dn":null,"time_iso8601":"2026-11-21T10:00:00.123Z","remote_addr":"192.0.2.7","http_x_forwarded_for":null,"request_id":"2b3c","request_method":"DELETE",` +
		`"request_uri":"/v1/instances/i-1?force=1","server_protocol":"HTTP/2","status":403,"http_host":"api.example","http_referer":null,"http_user_agent":"curl/8"}`
	m, err := mapper.New(mapper.Options{Format: "nginx", Host: "gw-1"})
	if err != nil {
		t.Fatal(err)
	}
	var e event.Event
	if err := m.Map(&plugins.Record{Data: []byte(line)}, &e); err != nil {
		t.Fatal(err)
	}
	if e.Time.String() != "2026-11-21T10:00:00.123Z" || e.SourceIP != "192.0.2.7" || e.Source != "api.example" || e.RW != event.Write || e.ErrorCode == "" || e.RequestID != "2b3c" {
		t.Errorf("%+v", e)
	}
}
