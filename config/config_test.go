package config

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Every mistake is told at once, at its place. What operators read is in testdata/wrong/*.want.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/wrong/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := Load(file)
			if m := (*Mistakes)(nil); !errors.As(err, &m) {
				t.Fatalf("error is %v", err)
			}
			golden := strings.TrimSuffix(file, ".hcl") + ".want"
			got := filepath.ToSlash(err.Error()) + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("run with -update and read the difference:\n%s", d)
			}
		})
	}
}

func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.hcl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(file)
}

func mustLoad(t *testing.T, text string) *Config {
	t.Helper()
	c, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if !event.ValidName(c.Agent.Name) || c.Agent.Account != DefaultAccount || c.Agent.AccountID != DefaultAccount || c.Agent.SpoolBytes != DefaultSpoolBytes {
		t.Errorf("agent is %+v", c.Agent)
	}
	if c.API != (API{Listen: DefaultListen}) || c.Index.Kind != "local" || c.Index.Retention != DefaultRetention || c.Index.MemoryBytes != DefaultIndexMemory || c.Index.Classes != nil || c.NATS.MaxBytes != DefaultStreamBytes || c.NATS.Listen != "" {
		t.Errorf("api %+v, index %+v, nats %+v", c.API, c.Index, c.NATS)
	}
}

func TestWhole(t *testing.T) {
	c := mustLoad(t, `
agent {
  name    = "gw-1"
  account = "prod"
  region  = "cn-hangzhou"
  spool { max_bytes = "64MiB" }
  nats {
    servers     = ["tls://nats:4222"]
    credentials = "agent.creds"
  }
}
source "file" "edge" {
  paths    = ["/var/log/nginx/*.log"]
  exclude  = ["/var/log/nginx/debug.log"]
  format   = "nginx"
  start    = "end"
  mapper   = "shop"
  keep_raw = true
  max_line = "64KiB"
  symlinks = true
  identity = "path"
  ignore_older = "36h"
  max_open = 64
  trusted_proxies = ["10.0.0.1", "192.0.2.77/24"]
  encoding    = "gb18030"
  delimiter   = "\r\n"
  flush_after = "30s"
  compressed  = true
  multiline {
    start     = "^\\d{4}-"
    max_lines = 20
    timeout   = "2s"
  }
}
mapper "shop" {
  match {
    host        = "api.shop.example"
    path_prefix = "/v1"
  }
  route "POST /instances/{id}/stop" {
    service    = "Ecs"
    action     = "StopInstance"
    resource   = { type = "ACS::ECS::Instance", name = "${path.id}-${lower(fields["x.y"])}" }
    parameters = { Id = path.id }
  }
  ignore "GET /healthz" {}
  identity {
    order = ["consumer", "remote_user"]
    trust = { consumer = "verified" }
  }
  console { when = startswith(headers.referer, "https://console.") }
  params { keep = ["page"] }
}
index "local" { retention = "30d" }
trail "security" {
  where    = "serviceName: (Ram or Sts) or eventName: Delete*"
  event_rw = "Write"
  regions  = ["cn-hangzhou", "cn-*", "a \"b\""]
  deliver "file" {
    path = "./data/archive"
    roll {
      max_age   = "30s"
      max_bytes = "1MiB"
    }
  }
}
trail "all" {
  regions = ["*"]
  deliver "file" { path = "./data/all" }
}
account "prod" { id = "1234567890" }
`)
	if want := (Agent{Name: "gw-1", Account: "prod", AccountID: "1234567890", Region: "cn-hangzhou", SpoolBytes: 64 << 20,
		NATS: Remote{Servers: []string{"tls://nats:4222"}, Credentials: filepath.Join(filepath.Dir(c.Files[0].Name), "agent.creds")}}); !cmp.Equal(c.Agent, want) {
		t.Error(cmp.Diff(want, c.Agent))
	}
	s := c.Sources[0]
	if s.Start != "end" || s.MaxLine != 64<<10 || !s.Mapper.KeepRaw || s.Mapper.AccountID != "1234567890" || s.Mapper.Host != "gw-1" || len(s.Exclude) != 1 {
		t.Errorf("source is %+v", s)
	}
	if m := s.Records.Multiline; m == nil || m.Start.String() != `^\d{4}-` || m.Continue != nil || m.MaxLines != 20 || m.Timeout != 2*time.Second {
		t.Errorf("multiline is %+v", m)
	}
	if s.Records.Multiline = nil; s.Records != (Records{Encoding: "gb18030", Delimiter: "\r\n", LongLines: "cut", FlushAfter: 30 * time.Second, Compressed: true}) {
		t.Errorf("records are %+v", s.Records)
	}
	if !s.Symlinks || s.Identity != "path" || s.IgnoreOlder != 36*time.Hour || s.MaxOpen != 64 {
		t.Errorf("source is %+v", s)
	}
	if p := s.Mapper.TrustedProxies; len(p) != 2 || p[0].String() != "10.0.0.1/32" || p[1].String() != "192.0.2.0/24" {
		t.Errorf("proxies are %v", p)
	}
	if _, err := mapper.New(s.Mapper); err != nil {
		t.Errorf("what was validated cannot be used: %v", err)
	}
	if c.Index.Retention != 30*24*time.Hour {
		t.Errorf("retention is %s", c.Index.Retention)
	}
	security, all := c.Trails[0], c.Trails[1]
	const want = `(serviceName: (Ram or Sts) or eventName: Delete*) and eventRW: Write and acsRegion: (cn-hangzhou or cn-* or "a \"b\"")`
	if security.Where != want {
		t.Errorf("filter is\n%s, want\n%s", security.Where, want)
	}
	if d := security.Deliver[0]; d.Name != "file" || !reflect.DeepEqual(*d.File, FileDelivery{"./data/archive", "", Objects{30 * time.Second, 1 << 20, "actiontrail", "ndjson.gz", nil}}) || !strings.HasSuffix(security.Place, ":55") {
		t.Errorf("delivery is %+v at %s", d, security.Place)
	}
	if all.Filter != nil || all.Where != "" || all.Hash == security.Hash || all.Deliver[0].Objects().RollAge != DefaultRollAge {
		t.Errorf("trail all is %+v", all)
	}
}

// A folder is all its files; a mapper may stand in another file than its source.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b.hcl":   `source "file" "edge" {` + "\n paths = [\"/a\"]\n format = \"nginx\"\n mapper = \"m\"\n}",
		"a.hcl":   `mapper "m" {}`,
		"c.txt":   `nonsense`,
		"d/x.hcl": `nonsense`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(dir, filepath.Join(dir, "a.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Files) != 2 || len(c.Sources) != 1 || c.Sources[0].Mapper.Rules.Name != "m" {
		t.Errorf("files %v, sources %+v", c.Files, c.Sources)
	}
	if _, err := Load(filepath.Join(dir, "none.hcl")); err == nil || !strings.Contains(err.Error(), "none.hcl: no such file") {
		t.Errorf("error is %v", err)
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no *.hcl file") {
		t.Errorf("error is %v", err)
	}
}

func TestNameOfTheAggregatorIsTaken(t *testing.T) {
	if _, err := load(t, "agent {\n  name = \"aggregator\"\n}\n"); err == nil || !strings.Contains(err.Error(), `agent "aggregator" is the aggregator's own`) {
		t.Errorf("error is %v", err)
	}
}

// The hash of a trail tells whether it means something else, not how it is written.
func TestTrailHash(t *testing.T) {
	hash := func(where, more string) string {
		return mustLoad(t, "trail \"t\" {\n where = \""+where+"\"\n deliver \"file\" { path = \"./a\" }\n"+more+"}").Trails[0].Hash
	}
	if hash("eventRW: Write", "") != hash("eventRW:Write", "") {
		t.Error("white space changes the hash")
	}
	if hash("eventRW: Write", "") == hash("eventRW: Read", "") {
		t.Error("another filter has the same hash")
	}
	if hash("eventRW: Write", "") == hash("eventRW: Write", "regions = [\"a\"]\n") {
		t.Error("a shorthand does not change the hash")
	}
}

func TestUnits(t *testing.T) {
	for s, want := range map[string]int64{"1": 1, "64MiB": 64 << 20, "2GB": 2e9, "1TiB": 1 << 40, "0": 0, "-1B": 0, "1.5GiB": 0, "GiB": 0, "9999999999TiB": 0, "1 GiB": 0, "1BB": 0} {
		if got, err := parseBytes(s); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %d, %v", s, got, err)
		}
	}
	for s, want := range map[string]time.Duration{"90d": 90 * 24 * time.Hour, "2w": 14 * 24 * time.Hour, "1h30m": 90 * time.Minute, "0s": 0, "-1d": 0, "d": 0, "1y": 0, "99999999d": 0} {
		if got, err := parseDuration(s); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %s, %v", s, got, err)
		}
	}
}

// Whatever a file holds, it is taken or refused with places; what is taken can be run.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"testdata/wrong/all.hcl", "testdata/wrong/syntax.hcl"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("mapper \"m\" {\n route \"GET /a/{x...}\" {\n action = \"${title(method)}X\"\n }\n}\nsource \"file\" \"s\" {\n paths = [\"/a\"]\n format = \"nginx\"\n mapper = \"m\"\n}")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(dir, "x.hcl")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(file)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without text")
			}
			return
		}
		for _, s := range c.Sources {
			if _, err := mapper.New(s.Mapper); err != nil {
				t.Fatalf("validated, but: %v\n%s", err, text)
			}
		}
	})
}

// What is delivered with the project is right.
func TestDeployedConfigurations(t *testing.T) {
	examples, err := filepath.Glob("../deploy/examples/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(examples, "../deploy/quickstart") {
		if _, err := Load(path); err != nil {
			t.Errorf("%s:\n%v", path, err)
		}
	}
}

// The name of a machine becomes the agent's, also where it is not a token, and its sources know it.
func TestNameAgent(t *testing.T) {
	c := &Config{Sources: make([]Source, 1)}
	for name, want := range map[string]string{"node-1": "node-1", "ip-10-0-0-1.ec2.internal": "ip-10-0-0-1-ec2-internal", "": "agent", AggregatorName: "agent"} {
		if c.NameAgent(name); c.Agent.Name != want || c.Sources[0].Mapper.Host != want {
			t.Errorf("%q: agent %q, host %q, want %q", name, c.Agent.Name, c.Sources[0].Mapper.Host, want)
		}
	}
}

func TestSpoolSync(t *testing.T) {
	for text, want := range map[string]time.Duration{"batch": 0, "200ms": 200 * time.Millisecond, "10s": 10 * time.Second} {
		if c := mustLoad(t, fmt.Sprintf("agent {\n  spool { sync = %q }\n}", text)); c.Agent.SpoolSync != want || c.Agent.SpoolBytes != DefaultSpoolBytes {
			t.Errorf("sync %q is %s, and the spool has %d bytes", text, c.Agent.SpoolSync, c.Agent.SpoolBytes)
		}
	}
	for text, want := range map[string]string{"never": "is not offered", "os": "is not offered", "11s": "does not say when", "200": "does not say when", "1us": "does not say when", "": "does not say when"} {
		_, err := load(t, fmt.Sprintf("agent {\n  spool { sync = %q }\n}", text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "batch") {
			t.Errorf("sync %q: %v", text, err)
		}
	}
}
