package config

import (
	"fmt"
	"path/filepath"
	"testing"
)

// What a file says of who acted, and from where, is what the mapper gets.
func TestIdentityAndConsole(t *testing.T) {
	c := mustLoad(t, `
agent { hash_key = "hash.key" }
source "file" "edge" {
  paths           = ["/a"]
  format          = "nginx"
  mapper          = "m"
  trusted_proxies = ["::ffff:10.1.2.3/104", "::ffff:192.0.2.1"]
  proxy_header    = "forwarded"
}
mapper "m" {
  identity {
    order        = ["header:x-user"]
    trusted_from = ["10.0.0.0/8", "fd00::1"]
  }
  console {
    hosts       = ["console.example", "*.ops.example"]
    user_agents = ["ShopConsole"]
  }
}
`)
	if want := filepath.Join(filepath.Dir(c.Files[0].Name), "hash.key"); c.Agent.HashKey != want {
		t.Errorf("hash key %s, want %s", c.Agent.HashKey, want)
	}
	m := c.Sources[0].Mapper
	if m.ProxyHeader != "forwarded" || fmt.Sprint(m.TrustedProxies) != "[10.0.0.0/8 192.0.2.1/32]" {
		t.Errorf("proxies %v, header %q", m.TrustedProxies, m.ProxyHeader)
	}
	if got := fmt.Sprint(m.Rules.Identity.TrustedFrom); got != "[10.0.0.0/8 fd00::1/128]" {
		t.Errorf("trusted from %s", got)
	}
	if got := m.Rules.Console; fmt.Sprint(got.Hosts, got.UserAgents) != "[console.example *.ops.example] [ShopConsole]" || got.When != nil {
		t.Errorf("console %+v", got)
	}
}
