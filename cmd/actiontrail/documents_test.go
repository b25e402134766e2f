package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the documents tell people to type: in code, up to what the shell takes for itself.
var (
	documentedCall = regexp.MustCompile("(?:^\\s*|`|\\$\\(|bin/|&& )actiontrail ([a-z][^`|;#<>&]*)")
	documentedFlag = regexp.MustCompile(`\s--([a-z-]+)`)
	inQuotes       = regexp.MustCompile(`'[^']*'|"(?:\\"|[^"])*"`)
)

// TestCommandsInDocuments: each command of a document is there, with its flags.
func TestCommandsInDocuments(t *testing.T) {
	documents := []string{"../../README.md"}
	for _, pattern := range []string{"../../docs/guide/*.md", "../../docs/runbook/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		documents = append(documents, found...)
	}
	calls := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "planned") {
				continue
			}
			line = inQuotes.ReplaceAllString(strings.ReplaceAll(line, `\|`, "/"), "QUOTED")
			for _, call := range documentedCall.FindAllStringSubmatch(line, -1) {
				calls++
				checkCall(t, document, call[1])
			}
		}
	}
	if calls < 40 {
		t.Errorf("only %d commands found", calls)
	}
}

// checkCall looks a command up: its first word, or two where the first has commands of its own.
func checkCall(t *testing.T, document, call string) {
	t.Helper()
	words := strings.Fields(call)
	cmd, _, err := newRootCommand(pace{}).Find(words[:1])
	if err == nil && cmd.HasSubCommands() && len(words) > 1 {
		second, _, _ := strings.Cut(words[1], "/") // trail list/status
		cmd, _, err = newRootCommand(pace{}).Find([]string{words[0], second})
		if err == nil && cmd.Name() != second {
			t.Errorf("%s: actiontrail %s: %s has no command %q", document, call, words[0], second)
		}
	}
	if err != nil {
		t.Errorf("%s: actiontrail %s: %v", document, call, err)
		return
	}
	for _, flag := range documentedFlag.FindAllStringSubmatch(call, -1) {
		if cmd.Flag(flag[1]) == nil && cmd.InheritedFlags().Lookup(flag[1]) == nil {
			t.Errorf("%s: actiontrail %s: the command has no --%s", document, call, flag[1])
		}
	}
}
