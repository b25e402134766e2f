package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestArchives(t *testing.T) {
	file := filepath.Join(t.TempDir(), "server.hcl")
	for text, want := range map[string]string{
		"":                                     "",
		"archives {}":                          "",
		`archives { keys = "keys" }`:           filepath.Join(filepath.Dir(file), "keys"),
		`archives { keys = "/run/secrets/x" }`: "/run/secrets/x",
	} {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := Load(file); err != nil || c.Archives.Keys != want {
			t.Errorf("%s: keys in %q, %v; want %q", text, c.Archives.Keys, err, want)
		}
	}
	for text, want := range map[string]string{
		`archives { keys = "" }`:            ":1:19: a folder is needed here",
		"archives {}\narchives {}":          ":2:1:",
		`archives { key = "keys" }`:         "keys",
		`archives { keys = ["a", "b"] }`:    ":1:19:",
		"archives \"all\" { keys = \"x\" }": ":1:10:",
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
