package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "render", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func hostileRows(t *testing.T, width int) [][]string {
	var rows [][]string
	for _, s := range hostileEvents {
		e, err := event.ParseJSON([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, eventRow(&e, width))
	}
	return rows
}

func TestTableFitsTheTerminal(t *testing.T) {
	for _, tt := range []struct {
		name  string
		width int
	}{{"table-80.txt", 80}, {"table-140.txt", 140}} {
		rows := hostileRows(t, tt.width)
		var b bytes.Buffer
		s := screen{w: &b, width: tt.width, terminal: true}
		if err := newTable(s, eventColumns, rows).print(rows); err != nil {
			t.Fatal(err)
		}
		golden(t, tt.name, b.String())
		for line := range strings.Lines(b.String()) {
			if n := textWidth(strings.TrimSuffix(line, "\n")); n > tt.width {
				t.Errorf("a line takes %d columns of %d: %s", n, tt.width, line)
			}
		}
	}
	// Values of a later page that are longer are cut, too.
	var b bytes.Buffer
	rows := hostileRows(t, 90)
	table := newTable(screen{w: &b, width: 90, terminal: true}, eventColumns, rows[:1])
	for _, r := range [][][]string{rows[:1], rows[1:]} {
		if err := table.print(r); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(b.String()) {
		if n := textWidth(strings.TrimSuffix(line, "\n")); n > 90 {
			t.Errorf("a line of a later page takes %d columns: %s", n, line)
		}
	}
	if strings.Count(b.String(), "RESULT") != 1 {
		t.Error("the titles are not printed once")
	}
}

func TestColourOnlyMarksFailures(t *testing.T) {
	var b bytes.Buffer
	rows := hostileRows(t, 120)
	if err := newTable(screen{w: &b, width: 120, terminal: true, color: true}, eventColumns, rows).print(rows); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\x1b[31m"); n != 1 {
		t.Errorf("%d red values, want 1", n)
	}
	plain := strings.NewReplacer("\x1b[31m", "", "\x1b[1m", "", "\x1b[0m", "").Replace(b.String())
	if strings.Contains(plain, "\x1b") {
		t.Errorf("an escape sequence of an event reaches the terminal: %q", plain)
	}
}

// harmless tells whether a terminal would print s as it stands.
func harmless(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) < 0
}

func TestStreamsAreHarmlessOnATerminal(t *testing.T) {
	in := strings.Join(hostileEvents, "\n") + "\nhalf \xff\u009b" + "\U000e0041 line"
	var b bytes.Buffer
	s := screen{w: &b, width: 80, terminal: true}
	if err := s.copy(iotest.OneByteReader(strings.NewReader(in))); err != nil {
		t.Fatal(err)
	}
	if !harmless(b.String()) {
		t.Errorf("not harmless: %q", b.String())
	}
	lines := strings.Split(b.String(), "\n")
	for i, want := range hostileEvents {
		var a, b any
		if json.Unmarshal([]byte(want), &a) != nil || json.Unmarshal([]byte(lines[i]), &b) != nil || !cmp.Equal(a, b) {
			t.Errorf("line %d is not the same value: %s", i, lines[i])
		}
	}
	if want := `half \ufffd\u009b\udb40\udc41 line`; lines[3] != want {
		t.Errorf("got %q, want %q", lines[3], want)
	}
	b.Reset()
	if err := (screen{w: &b}).copy(strings.NewReader(in)); err != nil || b.String() != in {
		t.Errorf("a pipe does not get the bytes as they are: %v", err)
	}
}

func TestFit(t *testing.T) {
	for _, tt := range []struct {
		in    string
		width int
		want  string
	}{
		{"short", 5, "short"},
		{"longer", 5, "long…"},
		{"漢字漢字", 8, "漢字漢字"},
		{"漢字漢字", 7, "漢字漢…"},
		{"漢字漢字", 6, "漢字…"}, // half a character does not fit
		{"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"},
		{"a" + strings.Repeat("\u0301", 50), 5, "a" + strings.Repeat("\u0301", maxMarks) + "…"},
		{"x", 0, "…"},
	} {
		if got := fit(tt.in, tt.width); got != tt.want {
			t.Errorf("fit(%q, %d) = %q, want %q", tt.in, tt.width, got, tt.want)
		}
	}
}

func TestShortAgent(t *testing.T) {
	for in, want := range map[string]string{
		"aliyun-cli/3.0.1 (linux)": "aliyun-cli",
		"curl/8.5.0":               "curl",
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0": "Edge",
		"Mozilla/5.0 (Macintosh) AppleWebKit/605 Version/17 Safari/605":                         "Safari",
		"Mozilla/5.0 (compatible; bot)":                                                         "Mozilla",
		"actiontrail.console.aliyun.com":                                                        "actiontrail.console.aliyun.com",
		"":                                                                                      "",
	} {
		if got := shortAgent(in); got != want {
			t.Errorf("shortAgent(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("mal\x9b31m\u202e\U000e0041\xff漢字", 10)
	f.Fuzz(func(t *testing.T, s string, width int) {
		v := visible(s)
		if !harmless(v) || strings.Contains(v, "\n") {
			t.Fatalf("%q is not harmless", v)
		}
		width = min(max(width, 1), 500)
		if got := fit(v, width); textWidth(got) > width || !harmless(got) {
			t.Fatalf("fit(%q, %d) = %q takes %d", v, width, got, textWidth(got))
		}
		if e := escapeUnseen([]byte(s)); !harmless(string(e)) {
			t.Fatalf("escapeUnseen(%q) = %q", s, e)
		}
	})
}
