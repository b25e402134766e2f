package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
	"github.com/actiontrail/actiontrail/plugins/sinktest"
)

// The test binary is its own plugin.
func TestMain(m *testing.M) {
	if host.Launched() {
		host.Serve(plugin())
		return
	}
	os.Exit(m.Run())
}

func TestSink(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"in process", "in its own process"} {
		t.Run(where, func(t *testing.T) {
			sinktest.Run(t, sinktest.Harness{
				New: func(t testing.TB) sinktest.Place {
					file := filepath.Join(t.TempDir(), "audit.ndjson")
					config, err := json.Marshal(settings{file, 8 << 10})
					if err != nil {
						t.Fatal(err)
					}
					return sinktest.Place{
						Held: func() ([]event.Event, error) { return held(file) },
						Open: func() plugins.Sink {
							if where != "in process" {
								return host.NewSink(host.Program{Name: "ndjson", Command: []string{self}, Config: config})
							}
							s, err := newSink(config)
							if err != nil {
								t.Fatal(err)
							}
							return s
						},
					}
				},
				Spoil: func(e *event.Event) { e.UserAgent = strings.Repeat("x", 8<<10) },
			})
		})
	}
}

func held(file string) (all []event.Event, err error) {
	text, err := os.ReadFile(file)
	for line := range bytes.Lines(text) {
		e, err := event.ParseJSON(line)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, err
}

// Half a line at the end, as a crash leaves it, is written over.
func TestHalfALine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.ndjson")
	if err := os.WriteFile(file, []byte("{\"eventId\":\"1\"}\n{\"eventId\":\"2"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &sink{settings: settings{file, 1 << 10}}
	defer s.Close()
	if err := s.Write(t.Context(), []event.Event{{ID: "1"}, {ID: "2"}}); err != nil {
		t.Fatal(err)
	}
	if all, err := held(file); err != nil || len(all) != 2 || all[1].ID != "2" {
		t.Errorf("%+v, %v", all, err)
	}
}
