package config

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHTTP(t *testing.T) {
	c := mustLoad(t, `source "http" "kong" {
  listen          = "0.0.0.0:9080"
  path            = "/kong"
  format          = "native"
  keep_raw        = true
  trusted_proxies = ["10.0.0.0/8"]
  time_zone       = "Asia/Shanghai"
  token_file      = "kong.token"
  split           = "lines"
  max_body        = "1MiB"
  max_records     = 100
  max_line        = "64KiB"
  max_inflight    = "2MiB"
  wait            = "1s"
  tls {
    cert_file      = "server.pem"
    key_file       = "/etc/server.key"
    client_ca_file = "clients.pem"
  }
}
source "http" "plain" {
  listen = "127.0.0.1:9081"
  format = "auto"
}
source "file" "log" {
  paths  = ["/a"]
  format = "nginx"
}
`)
	s := c.Sources[0]
	if s.Mapper.Format != "native" || !s.Mapper.KeepRaw || len(s.Mapper.TrustedProxies) != 1 || s.Mapper.TimeZone.String() != "Asia/Shanghai" || s.MaxLine != 64<<10 || s.Mapper.Host != c.Agent.Name {
		t.Errorf("%+v", s)
	}
	dir := filepath.Dir(c.Files[0].Name)
	want := &HTTP{Listen: "0.0.0.0:9080", Path: "/kong", TokenFile: filepath.Join(dir, "kong.token"), Split: "lines", MaxBody: 1 << 20, MaxRecords: 100, MaxInflight: 2 << 20, Wait: time.Second,
		TLS: &ListenTLS{Cert: filepath.Join(dir, "server.pem"), Key: "/etc/server.key", ClientCA: filepath.Join(dir, "clients.pem")}}
	if diff := cmp.Diff(want, s.HTTP); diff != "" {
		t.Error(diff)
	}
	plain := &HTTP{Listen: "127.0.0.1:9081", Path: DefaultHTTPPath, Split: "auto", MaxBody: DefaultMaxBody, MaxRecords: DefaultMaxRecords, MaxInflight: DefaultMaxInflight, Wait: DefaultHTTPWait}
	if diff := cmp.Diff(plain, c.Sources[1].HTTP); diff != "" || c.Sources[1].MaxLine != DefaultMaxLine {
		t.Error(diff)
	}
	if c.Sources[2].HTTP != nil {
		t.Error("a source of files listens")
	}
}

func TestAPI(t *testing.T) {
	c := mustLoad(t, `api {
  listen     = "0.0.0.0:8443"
  token_file = "tokens"
  tls {
    cert_file      = "server.pem"
    key_file       = "/etc/server.key"
    client_ca_file = "people.pem"
  }
}
`)
	file := c.Files[0].Name
	in := func(name string) string { return filepath.Join(filepath.Dir(file), name) }
	want := API{Listen: "0.0.0.0:8443", TokenFile: in("tokens"), Place: file + ":1",
		TLS: &ListenTLS{Cert: in("server.pem"), Key: "/etc/server.key", ClientCA: in("people.pem")}}
	if diff := cmp.Diff(want, c.API); diff != "" {
		t.Error(diff)
	}
}
