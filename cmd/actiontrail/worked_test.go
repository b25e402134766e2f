package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The page that shows the way from a raw log to a mapper shows what happens: its
// files are the blocks with a name behind the language, its commands the lines
// with a $ in blocks of console, with "# exits with N" where that is not 0.
func TestWorkedExample(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "guide", "worked-example.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir, files, commands := t.TempDir(), 0, 0
	for i, part := range strings.Split(string(page), "\n```") {
		if i%2 == 0 {
			continue // between the blocks
		}
		info, body, _ := strings.Cut(part, "\n")
		switch kind, name, named := strings.Cut(info, " "); {
		case kind == "console":
			for _, c := range strings.Split("\n"+body, "\n$ ")[1:] {
				commands++
				command, want, _ := strings.Cut(c, "\n")
				if diff := cmp.Diff(want, typed(t, dir, command)); diff != "" {
					t.Errorf("$ %s (- the page, + what happens)\n%s", command, diff)
				}
			}
		case named:
			files++
			if err := os.WriteFile(filepath.Join(dir, name), []byte(body+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("a block that is neither a file nor commands: %s", info)
		}
	}
	if files < 4 || commands < 7 {
		t.Errorf("%d files and %d commands were found on the page", files, commands)
	}
}

// typed is what a command prints, without the blanks at the ends of its lines.
func typed(t *testing.T, dir, command string) string {
	t.Helper()
	command, code, exits := strings.Cut(command, " # exits with ")
	if !exits {
		code = "0"
	}
	words := strings.Fields(command)
	if words[0] != "actiontrail" {
		t.Fatalf("a command of another program: %s", command)
	}
	program := exec.Command(os.Args[0], words[1:]...)
	program.Dir, program.Env = dir, append(os.Environ(), asProgram+"=1", "TZ=UTC")
	out, err := program.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := program.ProcessState.ExitCode(); code != string(rune('0'+got)) {
		t.Errorf("$ %s: exits with %d, not %s", command, got, code)
	}
	var lines []string
	for line := range bytes.Lines(bytes.TrimRight(out, "\n")) {
		lines = append(lines, strings.TrimRight(string(line), " \n"))
	}
	return strings.Join(lines, "\n")
}
