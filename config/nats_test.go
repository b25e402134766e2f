package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a folder of keys holds is found from the configuration in it, wherever
// the folder is copied to and the process is started.
func TestFilesOfKeysLieBesideTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "agent.hcl")
	text := `
agent {
  nats {
    servers = ["tls://nats:4222"]
    nkey    = "agent.nk"
    tls {
      ca_file   = "ca.pem"
      cert_file = "/etc/ssl/agent.pem"
      key_file  = "sub/agent.key"
    }
  }
}
nats {
  listen = "0.0.0.0:4222"
  tls {
    cert_file = "server.pem"
    key_file  = "server.key"
  }
}
agents { enroll = "first-use" }
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	want := Remote{Servers: []string{"tls://nats:4222"}, NKey: in("agent.nk"), Secure: true, TLS: TLS{in("ca.pem"), "/etc/ssl/agent.pem", in("sub/agent.key")}}
	if d := cmp.Diff(want, c.Agent.NATS); d != "" {
		t.Error(d)
	}
	if want := (TLS{"", in("server.pem"), in("server.key")}); c.NATS.TLS != want || !c.NATS.Secure {
		t.Errorf("%+v", c.NATS)
	}
	if c.Agents.Enroll != EnrollFirstUse {
		t.Error(c.Agents)
	}
	if c := mustLoad(t, ""); c.Agents.Enroll != EnrollByKeys || c.NATS.Secure {
		t.Errorf("%+v %+v", c.Agents, c.NATS)
	}
}
