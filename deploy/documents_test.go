package deploy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/config"
)

// TestDocuments loads the configuration that the documents tell people to write.
func TestDocuments(t *testing.T) {
	guides, err := filepath.Glob("../docs/[gr]u*/*.md") // guide and runbook
	if err != nil {
		t.Fatal(err)
	}
	openAPI, err := os.ReadFile("../config/testdata/shop.yaml") // that the guides name
	if err != nil {
		t.Fatal(err)
	}
	loaded, written := 0, 0
	for _, document := range append(guides, "../README.md") {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		written += strings.Count(string(text), "```hcl") - strings.Count(string(text), "```hcl ") // those with a name are run by cmd/actiontrail
		for i, part := range strings.Split(string(text), "\n```hcl\n")[1:] {
			block, _, closed := strings.Cut(part, "\n```\n")
			if !closed {
				t.Fatalf("%s: HCL block %d has no end", document, i+1)
			}
			if strings.HasPrefix(block, "identity") { // a part of a mapper
				block = "mapper \"x\" {\n" + block + "\n}"
			}
			file := filepath.Join(t.TempDir(), "block.hcl")
			if err := os.WriteFile(file, []byte(block+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(filepath.Dir(file), "shop.yaml"), openAPI, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := config.Load(file); err != nil {
				t.Errorf("%s: HCL block %d:\n%s", document, i+1, strings.ReplaceAll(fmt.Sprint(err), file, "block.hcl"))
			}
			loaded++
		}
	}
	if loaded < 20 || loaded != written {
		t.Errorf("%d blocks of HCL loaded, %d are in the documents", loaded, written)
	}
}
