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
	guides, err := filepath.Glob("../docs/guide/*.md")
	if err != nil {
		t.Fatal(err)
	}
	openAPI, err := os.ReadFile("../config/testdata/shop.yaml") // that the guides name
	if err != nil {
		t.Fatal(err)
	}
	loaded := 0
	for _, document := range append(guides, "../README.md") {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
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
	if loaded < 4 {
		t.Errorf("only %d blocks of HCL found", loaded)
	}
}
