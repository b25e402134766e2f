package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The accounts of a class are names of account blocks, or ids.
func TestClasses(t *testing.T) {
	c := mustLoad(t, `
account "prod" { id = "1234567890" }
index "local" {
  retention = "30d"
  memory    = "96MiB"
  class "signins" {
    event_types = ["ConsoleSignin", "ConsoleSignout", "Tenant.Login"]
    accounts    = ["prod", "test", "42"]
    retention   = "400d"
  }
  class "tests" {
    accounts  = ["test"]
    retention = "36h"
  }
}
`)
	want := Index{Kind: "local", Retention: 30 * 24 * time.Hour, MemoryBytes: 96 << 20, Classes: []Class{
		{"signins", []string{"ConsoleSignin", "ConsoleSignout", "Tenant.Login"}, []string{"1234567890", "test", "42"}, 400 * 24 * time.Hour},
		{"tests", nil, []string{"test"}, 36 * time.Hour},
	}}
	if diff := cmp.Diff(want, c.Index); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWrongClasses(t *testing.T) {
	many := ""
	for i := range maxClasses + 1 {
		many += fmt.Sprintf("  class \"c%d\" {\n    accounts = [\"%d\"]\n    retention = \"1d\"\n  }\n", i, i)
	}
	for _, c := range []struct {
		text string
		want []string // place and what it says; then the hint
	}{
		{"class \"Sign-ins\" {\n    accounts = [\"1\"]\n    retention = \"1d\"\n  }", []string{`:2:3: class "Sign-ins" is not a name`, "lower-case"}},
		{"class \"a\" {\n    accounts = [\"1\"]\n    retention = \"1d\"\n  }\n  class \"a\" {\n    accounts = [\"2\"]\n    retention = \"1d\"\n  }", []string{`:6:3: class "a" is there twice`, ":2: keep one"}},
		{"class \"a\" { retention = \"1d\" }", []string{`:2:3: class "a" has no events of its own`, "event_types"}},
		{"class \"a\" {\n    event_types = [\"ConsoleSignIn\"]\n    retention = \"1d\"\n  }", []string{`:3:19: no event has the eventType "ConsoleSignIn"`, `did you mean "ConsoleSignin"?`}},
		{"class \"a\" { accounts = [\"1\"] }", []string{":2:3: retention is missing"}},
		{"class \"a\" {\n    accounts = [\"1\"]\n    retention = \"long\"\n  }", []string{`:4:17: "long" is not a length of time`, `"90d"`}},
		{"class {\n    accounts = [\"1\"]\n    retention = \"1d\"\n  }", []string{":2:"}},
		{`memory = "16MiB"`, []string{":2:12: memory is out of range", "32MiB"}},
		{`memory = "8GiB"`, []string{":2:12: memory is out of range", "4GiB"}},
		{`memory = "much"`, []string{`:2:12: "much"`, "64MiB"}},
		{many, []string{`:82:3: an index can have 20 classes at most`, "share"}},
	} {
		_, err := load(t, "index \"local\" {\n  "+strings.TrimSpace(c.text)+"\n}\n")
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
}
