package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestElasticsearch(t *testing.T) {
	c := mustLoad(t, `
index "elasticsearch" {
  addresses     = ["https://a:9200", "https://b:9200/es"]
  username      = "actiontrail"
  password_file = "password"
  ca_file       = "/etc/ca.pem"
  prefix        = "audit_eu"
  period        = "week"
  shards        = 2
  replicas      = 0
  retention     = "30d"
  class "tests" {
    accounts  = ["test"]
    retention = "1d"
  }
}
`)
	e := c.Index.Elasticsearch
	if e == nil || filepath.Base(e.PasswordFile) != "password" || !filepath.IsAbs(e.PasswordFile) {
		t.Fatalf("%+v", e)
	}
	e.PasswordFile = "password"
	want := Index{Kind: "elasticsearch", Retention: 30 * 24 * time.Hour, Classes: []Class{{"tests", nil, []string{"test"}, 24 * time.Hour}},
		Elasticsearch: &Elasticsearch{Addresses: []string{"https://a:9200", "https://b:9200/es"}, Username: "actiontrail", PasswordFile: "password",
			CAFile: "/etc/ca.pem", Prefix: "audit_eu", Period: "week", Shards: 2, Replicas: 0}}
	if diff := cmp.Diff(want, c.Index); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	c = mustLoad(t, "index \"elasticsearch\" {\n  addresses = [\"http://es:9200\"]\n}\n")
	want = Index{Kind: "elasticsearch", Retention: DefaultRetention,
		Elasticsearch: &Elasticsearch{Addresses: []string{"http://es:9200"}, Prefix: DefaultIndexPrefix, Period: DefaultIndexPeriod, Shards: 1, Replicas: DefaultReplicas}}
	if diff := cmp.Diff(want, c.Index); diff != "" {
		t.Errorf("defaults (-want +got)\n%s", diff)
	}
}

func TestWrongElasticsearch(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // place and what it says; then the hint
	}{
		{`prefix = "a"`, []string{":1:1: addresses is missing"}},
		{`addresses = []`, []string{":2:15: there is no address", "https://"}},
		{`addresses = ["es:9200"]`, []string{`"es:9200" is not the address of a node`, "https://"}},
		{`addresses = ["http://"]`, []string{`"http://" is not the address of a node`}},
		{`addresses = ["https://me:secret@es:9200"]`, []string{`the address of es:9200 holds a password`, "password_file"}},
		{"addresses = [\"https://es:9200\"]\n  username = \"me\"", []string{`:3:14: the password of me is missing`, "password_file"}},
		{"addresses = [\"https://es:9200\"]\n  password_file = \"p\"", []string{`:3:19: nobody says whose password this is`, "username"}},
		{"addresses = [\"https://es:9200\"]\n  username = \"me\"\n  password_file = \"p\"\n  api_key_file = \"k\"", []string{`:5:18: there is an API key and a user`}},
		{"addresses = [\"https://es:9200\", \"http://es-2:9200\"]\n  api_key_file = \"k\"", []string{`:2:15: a secret would go to http://es-2:9200 in the clear`, "https://"}},
		{"addresses = [\"https://es:9200\"]\n  password = \"secret\"", []string{`:3:3:`, "password"}},
		{"addresses = [\"https://es:9200\"]\n  period = \"hour\"", []string{`:3:12: unknown period "hour"`, "day"}},
		{"addresses = [\"https://es:9200\"]\n  prefix = \"Logs\"", []string{`:3:12: no index can be named "Logs"`, "lower-case"}},
		{"addresses = [\"https://es:9200\"]\n  shards = 0", []string{`:3:12: shards is out of range`, "1 to 100"}},
		{"addresses = [\"https://es:9200\"]\n  replicas = 11", []string{`:3:14: replicas is out of range`, "single node"}},
		{"addresses = [\"https://es:9200\"]\n  replicas = 0.5", []string{`:3:14: replicas is out of range`}},
	} {
		_, err := load(t, "index \"elasticsearch\" {\n  "+c.text+"\n}\n")
		if err == nil {
			t.Errorf("%s is taken", c.text)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the mistake does not say %s:\n%v", c.text, want, err)
			}
		}
	}
	mustLoad(t, "index \"elasticsearch\" {\n  addresses = [\"http://127.0.0.1:9200\", \"http://[::1]:9200\", \"http://localhost:9200\"]\n  api_key_file = \"k\"\n}\n")
}
