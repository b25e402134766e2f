package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/config"
)

// A log in which each line is wrong in a way of its own does not fill the memory.
func TestTriedIsBounded(t *testing.T) {
	all := map[string]*tried{}
	for i := range 3 * maxTried {
		note(all, fmt.Sprint("reason ", i), i, "x")
	}
	if len(all) != maxTried+1 || all["all others"].count != 2*maxTried {
		t.Errorf("%d are kept, of the others %+v", len(all), all["all others"])
	}
}

// The table is printed after the last line: what it shows of the first ones must not
// have been read over.
func TestMapTestOfALongLog(t *testing.T) {
	var log strings.Builder
	lines := 0
	for log.Len() < 2*config.DefaultMaxLine {
		fmt.Fprintf(&log, "192.0.2.7 - user-%d [21/Nov/2026:01:26:57 +0000] \"DELETE /v1/orders/%d HTTP/1.1\" 200 2 \"-\" \"curl/8\"\n", lines, lines)
		lines++
	}
	file := filepath.Join(t.TempDir(), "access.log")
	if err := os.WriteFile(file, []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	try := mapTest{mapFlags: mapFlags{format: "nginx"}, output: "table", limit: 3, screen: screen{w: &out}, out: &out, actions: map[string]*tried{}, reasons: map[string]*tried{}}
	if err := try.run(file, nil); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(out.String(), "\n")
	for i := range 3 {
		if row := strings.Join(strings.Fields(rows[i+1]), " "); !strings.HasPrefix(row, fmt.Sprintf("2026-11-21T01:26:57Z user-%d (claimed) http:DELETE /v1/orders/{id} - 192.0.2.7", i)) {
			t.Errorf("row %d is %q", i, row)
		}
	}
	if want := fmt.Sprintf("… %d more; --limit 0 prints all", lines-3); rows[4] != want {
		t.Errorf("the table ends with %q, want %q", rows[4], want)
	}
}
