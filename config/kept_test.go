package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever may make a trail is not thereby who the server is: no program is run, and
// no file sent elsewhere, because a caller of the API has named it.
func TestKeptTrails(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "trails")
	if err := os.Mkdir(kept, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(kept, "t.hcl")
	for text, want := range map[string]string{
		"deliver \"plugin\" { command = [\"/bin/sh\"] }":                                                                         "runs no program",
		"deliver \"s3\" {\n bucket = \"audit\"\n credentials { file = \"/etc/shadow\" }\n}":                                      "reads no file of the server",
		"deliver \"s3\" {\n bucket = \"audit\"\n ca_file = \"../aggregator.nk\"\n}":                                              "reads no file of the server",
		"deliver \"s3\" {\n bucket = \"audit\"\n credentials { file = \"audit.credentials\" }\n}":                                "",
		"deliver \"file\" { path = \"a\" }\nwitness \"https\" {\n url = \"https://w.example\"\n token_file = \"/etc/shadow\"\n}": "reads no file of the server",
	} {
		body := []byte("trail \"t\" {\n" + text + "\n}\n")
		_, err := LoadKept(kept, map[string][]byte{file: body})
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "t.hcl:")):
			t.Errorf("%s\nof a caller: %v, want %q", text, err, want)
		}
		if _, err := LoadKept(kept, map[string][]byte{filepath.Join(filepath.Dir(kept), "t.hcl"): body}); err != nil && strings.Contains(err.Error(), "through the API") {
			t.Errorf("%s\nof a file of the configuration: %v", text, err)
		}
	}
}
