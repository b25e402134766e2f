package config

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSourcesThatFetch(t *testing.T) {
	c := mustLoad(t, `source "bucket" "cloud" {
  bucket   = "audit"
  prefix   = "AWSLogs/"
  endpoint = "https://s3.example"
  once     = true
  poll     = "5s"
  late     = "24h"
  format   = "auto"
  max_line = "2KiB"
}
source "bucket" "folder" {
  path   = "archive"
  format = "auto"
}
source "kafka" "topics" {
  brokers = ["a:1", "b:2"]
  topics  = ["audit"]
  group   = "g"
  start   = "end"
  shared  = true
  format  = "auto"
  tls {
    ca_file = "ca.pem"
  }
  sasl {
    user          = "u"
    password_file = "p"
  }
}
source "nats" "stream" {
  servers  = ["nats://a:1"]
  subjects = ["a.>"]
  stream   = "A"
  format   = "auto"
}
source "keycloak" "sso" {
  url                = "https://sso.example/auth"
  realms             = ["shop"]
  client_id          = "audit"
  client_secret_file = "s"
  format             = "auto"
}
`)
	dir := filepath.Dir(c.Files[0].Name)
	in := func(name string) string { return filepath.Join(dir, name) }
	got := map[string]any{}
	for i := range c.Sources {
		s := &c.Sources[i]
		got[s.Name] = []any{s.Kind, s.MaxLine, s.Bucket, s.Kafka, s.NATS, s.Keycloak}
	}
	want := map[string]any{
		"cloud":  []any{"bucket", int64(2 << 10), &Bucket{S3: &S3Delivery{Bucket: "audit", Endpoint: "https://s3.example"}, Prefix: "AWSLogs/", Poll: 5 * time.Second, Late: 24 * time.Hour, Once: true}, (*Kafka)(nil), (*NATSSource)(nil), (*Keycloak)(nil)},
		"folder": []any{"bucket", int64(DefaultMaxLine), &Bucket{Path: in("archive"), Poll: DefaultPoll, Late: DefaultLate}, (*Kafka)(nil), (*NATSSource)(nil), (*Keycloak)(nil)},
		"topics": []any{"kafka", int64(DefaultMaxLine), (*Bucket)(nil), &Kafka{Brokers: []string{"a:1", "b:2"}, Topics: []string{"audit"}, Group: "g", Start: "end", Shared: true, Secure: true, TLS: TLS{CA: in("ca.pem")}, SASL: &SASL{"scram-sha-512", "u", in("p")}}, (*NATSSource)(nil), (*Keycloak)(nil)},
		"stream": []any{"nats", int64(DefaultMaxLine), (*Bucket)(nil), (*Kafka)(nil), &NATSSource{Remote: Remote{Servers: []string{"nats://a:1"}}, Subjects: []string{"a.>"}, Stream: "A", Start: "beginning", MaxInflight: DefaultMaxWaiting}, (*Keycloak)(nil)},
		"sso":    []any{"keycloak", int64(0), (*Bucket)(nil), (*Kafka)(nil), (*NATSSource)(nil), &Keycloak{URL: "https://sso.example/auth", Realms: []string{"shop"}, ClientID: "audit", SecretFile: in("s"), Events: []string{"user", "admin"}, Poll: DefaultKeycloakPoll}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
