package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/plugins"
)

const pluginText = `source "plugin" "acme" {
  command = ["/opt/acme-source", "-v"]
  sha256  = "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08"
  format  = "native"
  keep_raw = true
  trusted_proxies = ["10.0.0.0/8"]
  time_zone = "Asia/Shanghai"
  config {
    folder  = "/var/spool/acme"
    every   = 30
    ratio   = 1.5
    on      = true
    nothing = null
    servers = ["a", { host = "b", "port" = 8 }]
  }
}
`

func TestPlugin(t *testing.T) {
	c := mustLoad(t, pluginText)
	s := c.Sources[0]
	if s.Plugin == nil || s.Name != "acme" || s.Mapper.Format != "native" || !s.Mapper.KeepRaw || len(s.Mapper.TrustedProxies) != 1 || s.Mapper.TimeZone.String() != "Asia/Shanghai" {
		t.Fatalf("%+v", s)
	}
	if diff := cmp.Diff([]string{"/opt/acme-source", "-v"}, s.Plugin.Command); diff != "" {
		t.Error(diff)
	}
	if s.Plugin.SHA256 != "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" {
		t.Error(s.Plugin.SHA256)
	}
	const want = `{"every":30,"folder":"/var/spool/acme","nothing":null,"on":true,"ratio":1.5,"servers":["a",{"host":"b","port":8}]}`
	if got := string(s.Plugin.Config); got != want {
		t.Errorf("config is\n%s", got)
	}
	if c := mustLoad(t, "source \"plugin\" \"a\" {\n command = [\"x\"]\n format = \"nginx\"\n}"); string(c.Sources[0].Plugin.Config) != "{}" {
		t.Errorf("without a config block: %s", c.Sources[0].Plugin.Config)
	}
}

// What a plugin says of a key is shown where the value of the key is written.
func TestPluginMistakes(t *testing.T) {
	p := mustLoad(t, pluginText).Sources[0].Plugin
	for _, c := range []struct {
		path []string
		at   string
	}{
		{nil, ":8:3: "},
		{[]string{"every"}, ":10:15: "},
		{[]string{"servers"}, ":14:15: "},
		{[]string{"servers", "1", "port"}, ":14:44: "},
		{[]string{"servers", "1", "colour"}, ":14:21: "},
		{[]string{"servers", "7"}, ":14:15: "},
		{[]string{"missing"}, ":8:3: "},
	} {
		got := p.Mistakes([]plugins.Problem{{Path: c.path, Text: "it is wrong"}}).Error()
		if !strings.Contains(got, c.at+"it is wrong\n") {
			t.Errorf("%q is shown as\n%s", c.path, got)
		}
	}
	both := p.Mistakes([]plugins.Problem{{Path: []string{"servers"}, Text: "second"}, {Path: []string{"folder"}, Text: "first"}})
	if both.Count() != 2 || strings.Index(both.Error(), "first") > strings.Index(both.Error(), "second") {
		t.Errorf("two mistakes:\n%s", both)
	}
	if got := p.WrongSum(plugins.ErrIgnored).Error(); !strings.Contains(got, ":3:13: ignored by a rule\n") {
		t.Errorf("a wrong sum is shown as\n%s", got)
	}
}
