package config

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSourcesThatAreSentTo(t *testing.T) {
	c := mustLoad(t, `source "syslog" "routers" {
  tcp          = "0.0.0.0:6514"
  udp          = "127.0.0.1:5514"
  format       = "auto"
  max_line     = "64KiB"
  max_inflight = "2MiB"
  tls {
    cert_file      = "server.pem"
    key_file       = "/etc/server.key"
    client_ca_file = "clients.pem"
  }
}
source "syslog" "plain" {
  udp    = "127.0.0.1:5515"
  format = "nginx"
}
source "socket" "vault" {
  listen = "/run/vault.sock"
  format = "native"
}
source "socket" "net" {
  listen = "127.0.0.1:9514"
  format = "auto"
}
source "stdin" "pipe" {
  format   = "auto"
  max_line = "2KiB"
}
source "audit-events" "shop" {
  listen    = "127.0.0.1:9443"
  format    = "native"
  keys_file = "keys"
  channels  = ["arn:aws:cloudtrail:us-east-1:1:channel/shop"]
  wait      = "1s"
}
`)
	dir := filepath.Dir(c.Files[0].Name)
	in := func(name string) string { return filepath.Join(dir, name) }
	got := map[string]any{}
	for i := range c.Sources {
		s := &c.Sources[i]
		got[s.Name] = []any{s.Kind, s.MaxLine, s.Syslog, s.Socket, s.AuditEvents, s.Mapper.Format}
	}
	want := map[string]any{
		"routers": []any{"syslog", int64(64 << 10), &Syslog{UDP: "127.0.0.1:5514", TCP: "0.0.0.0:6514", TLS: &ListenTLS{Cert: in("server.pem"), Key: "/etc/server.key", ClientCA: in("clients.pem")}, MaxInflight: 2 << 20}, (*Socket)(nil), (*AuditEvents)(nil), "auto"},
		"plain":   []any{"syslog", int64(DefaultMaxLine), &Syslog{UDP: "127.0.0.1:5515", MaxInflight: DefaultMaxWaiting}, (*Socket)(nil), (*AuditEvents)(nil), "nginx"},
		"vault":   []any{"socket", int64(DefaultMaxLine), (*Syslog)(nil), &Socket{Listen: "/run/vault.sock", MaxInflight: DefaultMaxWaiting}, (*AuditEvents)(nil), "native"},
		"net":     []any{"socket", int64(DefaultMaxLine), (*Syslog)(nil), &Socket{Listen: "127.0.0.1:9514", MaxInflight: DefaultMaxWaiting}, (*AuditEvents)(nil), "auto"},
		"pipe":    []any{"stdin", int64(2 << 10), (*Syslog)(nil), (*Socket)(nil), (*AuditEvents)(nil), "auto"},
		"shop":    []any{"audit-events", int64(0), (*Syslog)(nil), (*Socket)(nil), &AuditEvents{Listen: "127.0.0.1:9443", Keys: in("keys"), Channels: []string{"arn:aws:cloudtrail:us-east-1:1:channel/shop"}, MaxInflight: DefaultMaxWaiting, Wait: time.Second}, "native"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
