package sls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink/slstest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
	"github.com/actiontrail/actiontrail/plugins/sinktest"
)

// The test binary is its own plugin: what a sink does in process it does in a process of its own.
func TestMain(m *testing.M) {
	if host.Launched() {
		host.Serve(host.Plugin{Sink: func(config []byte) (plugins.Sink, error) {
			var c Config
			if err := json.Unmarshal(config, &c); err != nil {
				return nil, err
			}
			return New(c)
		}})
		return
	}
	os.Exit(m.Run())
}

func start(t testing.TB, logstores ...string) *slstest.Service {
	t.Helper()
	s := slstest.Start(t, logstores...)
	signIn(t, s)
	return s
}

func signIn(t testing.TB, s *slstest.Service) {
	for _, e := range s.Environment() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
}

func config(s *slstest.Service) Config {
	return Config{Project: s.Project, Logstore: "audit", Region: s.Region, Endpoint: s.URL, Format: "json"}
}

func open(t testing.TB, c Config) *Sink {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// held are the events of a logstore.
func held(s *slstest.Service, logstore string) (all []event.Event, err error) {
	for _, l := range s.Logs(logstore) {
		e, err := event.ParseJSON([]byte(l.Fields["event"]))
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func TestSink(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"in process", "in its own process"} {
		t.Run(where, func(t *testing.T) {
			sinktest.Run(t, sinktest.Harness{
				Repeats: true,
				Spoil:   func(e *event.Event) { e.UserAgent = strings.Repeat("x", mostFieldBytes) },
				New: func(t testing.TB) sinktest.Place {
					s := start(t, "audit")
					return sinktest.Place{
						Held: func() ([]event.Event, error) { return held(s, "audit") },
						Open: func() plugins.Sink {
							if where == "in process" {
								return open(t, config(s))
							}
							text, err := json.Marshal(config(s))
							if err != nil {
								t.Fatal(err)
							}
							return host.NewSink(host.Program{Name: "sls", Command: []string{self}, Config: text})
						},
					}
				},
			})
		})
	}
}

// some are events of today.
func some(n int) []event.Event {
	all := make([]event.Event, n)
	base, now := event.NewIDBase("k", "s", "f", 0), time.Now()
	for i := range all {
		all[i] = event.Event{ID: base.ID(int64(i)), Type: "ApiCall", Name: fmt.Sprint("Event", i), RW: "Write", Service: "Ecs", Time: event.At(now.Add(-time.Duration(i)*time.Second), 3), RecipientAccountID: "1234567890"}
	}
	return all
}

// What a log is like is what readers of ActionTrail's deliveries expect.
func TestForm(t *testing.T) {
	s := start(t, "audit")
	c := config(s)
	c.Format = "" // ActionTrail's own
	e := some(3)
	e[0].Time = event.At(time.Now().Truncate(time.Second).Add(123456789), 9)
	e[1].Time = event.At(time.Now().AddDate(-1, 0, 0), 0) // Log Service would refuse it
	e[2].Time = event.At(time.Now().Add(time.Hour), 0)
	before := time.Now()
	if err := open(t, c).Write(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	c.Topic = ownerTopic
	if err := open(t, c).Write(t.Context(), e[:1]); err != nil {
		t.Fatal(err)
	}
	logs := s.Logs("audit")
	if len(logs) != 4 {
		t.Fatalf("%d logs", len(logs))
	}
	for i, l := range logs {
		var got struct {
			ID      string `json:"eventId"`
			Time    string `json:"eventTime"`
			Version any    `json:"eventVersion"`
		}
		if err := json.Unmarshal([]byte(l.Fields["event"]), &got); err != nil || got.ID != e[i%3].ID || strings.Contains(got.Time, ".") || l.Source != "actiontrail" || l.Shard != "lb" {
			t.Errorf("log %d: %+v, %v", i, l, err)
		}
	}
	if !logs[0].Time.Equal(e[0].Time.Std()) || !slices.Equal(logs[0].Order, []string{"event"}) || logs[0].Topic != "actiontrail_audit_event" {
		t.Errorf("%+v", logs[0])
	}
	for _, l := range logs[1:3] {
		if l.Time.Before(before.Truncate(time.Second)) || l.Time.After(time.Now()) {
			t.Errorf("an event that Log Service would refuse is at %s", l.Time)
		}
	}
	if logs[3].Fields["owner_id"] != "1234567890" || logs[3].Topic != "actiontrail_event" {
		t.Errorf("%+v", logs[3])
	}
}

// Each way to sign and to compress is taken by the double, which knows both by itself.
func TestSignaturesAndCompressions(t *testing.T) {
	for _, signature := range []string{V4, V1} {
		for _, compression := range []string{LZ4, Zstd, None} {
			for _, token := range []string{"", "a token"} {
				for _, ordered := range []bool{false, true} {
					s := slstest.Start(t, "audit")
					s.Token = token
					signIn(t, s)
					c := config(s)
					c.Signature, c.Compression, c.Ordered = signature, compression, ordered
					if err := open(t, c).Write(t.Context(), some(100)); err != nil {
						t.Fatalf("%s, %s: %v", signature, compression, err)
					}
					_, schemes, forms := s.Seen()
					logs := s.Logs("audit")
					if len(logs) != 100 || schemes[signature] != 1 || forms[map[string]string{None: ""}[compression]]+forms[compression] != 1 || (logs[0].Shard != "lb") != ordered {
						t.Errorf("%s, %s: %d logs, %v, %v, shard %s", signature, compression, len(logs), schemes, forms, logs[0].Shard)
					}
				}
			}
		}
	}
}

// Requests are as large as Log Service takes them, and hardly smaller.
func TestLimits(t *testing.T) {
	s := start(t, "audit")
	s.MostBytes, s.MostLogs = mostGroupBytes+100, mostLogs
	sink := open(t, config(s))
	e := some(2*mostLogs + 1)
	if err := sink.Write(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := s.Seen(); n != 3 || len(s.Logs("audit")) != len(e) {
		t.Errorf("%d requests with %d logs", n, len(s.Logs("audit")))
	}
	e = some(40)
	for i := range e {
		e[i].UserAgent = strings.Repeat("x", 900<<10)
	}
	if err := sink.Write(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := s.Seen(); n != 3+8 {
		t.Errorf("%d requests for 36 MB", n-3)
	}
	got, err := held(s, "audit")
	if err != nil || len(got) != 2*mostLogs+1+40 {
		t.Errorf("%d events, %v", len(got), err)
	}
}

// Log Service refuses requests as a whole: the events that are the cause are found.
func TestRefusedEventsAreFound(t *testing.T) {
	for _, code := range []string{"PostBodyInvalid", "InvalidTimestamp", "InvalidEncoding", "PostBodyTooLarge"} {
		s := start(t, "audit")
		s.Refuse(func(l slstest.Log) string {
			if strings.Contains(l.Fields["event"], `"bad"`) {
				return code
			}
			return ""
		})
		e := some(1000)
		bad := []int{0, 1, 500, 999}
		for _, i := range bad {
			e[i].Service = "bad"
		}
		err := open(t, config(s)).Write(t.Context(), e)
		var refused *plugins.BatchError
		if !errors.As(err, &refused) || !slices.Equal(slices.Sorted(maps.Keys(refused.Refused)), bad) || !strings.Contains(refused.Refused[500].Error(), code) {
			t.Fatalf("%s: %v", code, err)
		}
		if n, _, _ := s.Seen(); len(s.Logs("audit")) != 996 || n > 80 {
			t.Errorf("%d logs by %d requests", len(s.Logs("audit")), n)
		}
	}
}

// All that is no fault of the events is tried again, and never told as their refusal.
func TestFaults(t *testing.T) {
	for _, fault := range []slstest.Fault{slstest.Cut, slstest.Lost, slstest.Busy, slstest.Quota, slstest.Wrong} {
		s := start(t, "audit")
		sink := open(t, config(s))
		sink.logs = 100
		n := 0
		s.Choose(func() slstest.Fault { // the third request alone
			if n++; n == 3 {
				return fault
			}
			return slstest.Fine
		})
		e := some(500)
		err := sink.Write(t.Context(), e)
		if refused := (*plugins.BatchError)(nil); err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), "audit-1/audit") {
			t.Fatalf("fault %d: %v", fault, err)
		}
		if err := sink.Write(t.Context(), e); err != nil {
			t.Fatalf("fault %d, again: %v", fault, err)
		}
		times := map[string]int{}
		for _, l := range s.Logs("audit") {
			times[l.Fields["event"]]++
		}
		twice := len(s.Logs("audit")) - len(times)
		if len(times) != 500 || fault != slstest.Lost && twice != 0 || fault == slstest.Lost && twice != 100 {
			t.Errorf("fault %d: %d events, %d of them twice", fault, len(times), twice)
		}
	}
}

func TestHangEndsWithTheContext(t *testing.T) {
	s := start(t, "audit")
	s.Choose(func() slstest.Fault { return slstest.Hang })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := open(t, config(s)).Write(ctx, some(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// Mistakes of the configuration are told with what to do about them, and nothing secret.
func TestMistakes(t *testing.T) {
	for want, change := range map[string]func(*slstest.Service, *Config){
		"make the logstore nothing": func(_ *slstest.Service, c *Config) { c.Logstore = "nothing" },
		"make the project other-1":  func(_ *slstest.Service, c *Config) { c.Project = "other-1" },
		"SignatureNotMatch":         func(s *slstest.Service, _ *Config) { s.Secret += "x" },
		"log:PostLogStoreLogs":      func(s *slstest.Service, _ *Config) { s.Key += "x" },
		"set the clock of this machine": func(s *slstest.Service, _ *Config) {
			s.Now = func() time.Time { return time.Now().Add(-16 * time.Minute) }
		},
		"connection refused":          func(_ *slstest.Service, c *Config) { c.Endpoint = "http://127.0.0.1:1" },
		"no file of credentials":      func(_ *slstest.Service, c *Config) { c.CredentialsFile = "/nothing" },
		"3 to 63 lower-case":          func(_ *slstest.Service, c *Config) { c.Project = "X" },
		"no name of a logstore":       func(_ *slstest.Service, c *Config) { c.Logstore = "Audit" },
		"region is needed":            func(_ *slstest.Service, c *Config) { c.Region = "" },
		"is none in JSON":             func(_ *slstest.Service, c *Config) { c.Format = "x" },
		"compression \"x\"":           func(_ *slstest.Service, c *Config) { c.Compression = "x" },
		"signature \"x\"":             func(_ *slstest.Service, c *Config) { c.Signature = "x" },
		"of the form https":           func(_ *slstest.Service, c *Config) { c.Endpoint = "audit.example" },
		"read the certificates":       func(_ *slstest.Service, c *Config) { c.CA = "/nothing" },
		"a certificate needs its key": func(_ *slstest.Service, c *Config) { c.Cert = "/nothing" },
	} {
		t.Run(want, func(t *testing.T) {
			for _, signature := range []string{V1, V4} {
				s := start(t, "audit")
				c := config(s)
				c.Signature = signature
				change(s, &c)
				sink, err := New(c)
				if err == nil {
					err = sink.Write(t.Context(), some(1))
				}
				if refused := (*plugins.BatchError)(nil); err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret-of") {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

// Without an endpoint it is Log Service in the region, and the project stands before it.
func TestHosts(t *testing.T) {
	for want, c := range map[string]Config{
		"https://audit-1.cn-hangzhou.log.aliyuncs.com":          {},
		"https://audit-1.cn-hangzhou-intranet.log.aliyuncs.com": {Internal: true},
		"https://audit-1.sls.example:8443":                      {Endpoint: "https://sls.example:8443"},
	} {
		c.Project, c.Logstore, c.Region = "audit-1", "audit", "cn-hangzhou"
		if s := open(t, c); s.base.String() != want || "https://"+s.host != want {
			t.Errorf("%s, %s, want %s", s.base, s.host, want)
		}
	}
}

// A file of credentials that is renewed holds at the next request.
func TestRenewedCredentials(t *testing.T) {
	s := start(t, "audit")
	c := config(s)
	c.CredentialsFile = filepath.Join(t.TempDir(), "credentials")
	sink := open(t, c)
	for _, secret := range []string{"a-wrong-one", s.Secret} {
		if err := os.WriteFile(c.CredentialsFile, []byte("[default]\naccess_key_id = "+s.Key+"\naccess_key_secret = "+secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := sink.Write(t.Context(), some(1)); (err == nil) != (secret == s.Secret) {
			t.Errorf("%s: %v", secret, err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	s := start(b, "audit")
	for _, compression := range []string{LZ4, Zstd, None} {
		b.Run(compression, func(b *testing.B) {
			c := config(s)
			c.Compression = compression
			sink := open(b, c)
			e := some(4000)
			for i := range e {
				e[i].UserAgent, e[i].RequestID = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)", event.FormatUUID([16]byte{byte(i), byte(i >> 8), 3})
			}
			g := &group{}
			for b.Loop() { // without the double, which costs more
				g.reset()
				for i := range e {
					if _, err := sink.add(g, i, &e[i], time.Now()); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := sink.compress(g.body(0, len(g.at), "t", "s")); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4000, "ns/event")
		})
	}
}
