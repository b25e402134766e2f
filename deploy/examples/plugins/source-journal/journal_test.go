package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

// The test binary is its own plugin.
func TestMain(m *testing.M) {
	if host.Launched() {
		host.Serve(plugin())
		return
	}
	os.Exit(m.Run())
}

// write fills a folder with three files, and returns their lines and the configuration.
func write(t *testing.T) (lines []string, config []byte) {
	folder := t.TempDir()
	for number := range 3 {
		var text bytes.Buffer
		for i := range 700 {
			lines = append(lines, fmt.Sprintf(`{"file":%d,"line":%d,"pad":%q}`, number, i, strings.Repeat("x", i)))
			fmt.Fprintln(&text, lines[len(lines)-1])
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%06d.ndjson", number+1)), text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config, err := json.Marshal(map[string]any{"folder": folder, "poll_ms": 10})
	if err != nil {
		t.Fatal(err)
	}
	return lines, config
}

func TestJournal(t *testing.T) {
	lines, config := write(t)
	sourcetest.Run(t, sourcetest.Harness{Want: lines, New: func(t testing.TB) plugins.Source {
		j, err := newJournal(config)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}})
}

func TestJournalInItsOwnProcess(t *testing.T) {
	lines, config := write(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	sourcetest.Run(t, sourcetest.Harness{Want: lines, New: func(testing.TB) plugins.Source {
		return host.NewSource(host.Program{Name: "journal", Command: []string{self}, Config: config})
	}})
}

func TestConfiguration(t *testing.T) {
	for config, says := range map[string]string{
		`{}`:                           "folder: a folder is needed",
		`{"folder":"a","poll_ms":1}`:   "poll_ms: choose 10 or more",
		`{"folder":"a","colour":"b"}`:  `colour: there is no attribute "colour"`,
		`{"folder":["a"],"poll_ms":9}`: "folder: a string is needed here",
	} {
		if _, err := newJournal([]byte(config)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", config, err)
		}
	}
}
