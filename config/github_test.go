package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// Each operation of a large document, called with made-up values, comes back as
// itself: of its 1,223 operations 114 pairs of paths are ambiguous, and what is
// literal goes before a parameter.
func TestGitHubDocument(t *testing.T) {
	file := realtest.GitHubAPI(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			ID string `json:"operationId"`
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	hcl := filepath.Join(t.TempDir(), "github.hcl")
	block := fmt.Sprintf("mapper \"github\" {\n  openapi { file = %q }\n}\nsource \"file\" \"s\" {\n  paths  = [\"/a\"]\n  format = \"nginx\"\n  mapper = \"github\"\n}\n", file)
	if err := os.WriteFile(hcl, []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(hcl)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mapper.New(c.Sources[0].Mapper)
	if err != nil {
		t.Fatal(err)
	}
	operations := 0
	ids, actions := map[string]bool{}, map[string]string{}
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	for path, item := range doc.Paths {
		n := 0
		target := parameter.ReplaceAllStringFunc(path, func(string) string { n++; return fmt.Sprintf("Xq%dz", n) })
		for method, op := range item {
			operations++
			ids[op.ID] = true
			var e event.Event
			record := fmt.Sprintf(`{"msec":"1","status":200,"request":"%s %s?per_page=30&q=secret HTTP/1.1"}`, strings.ToUpper(method), target)
			if err := m.Map(&plugins.Record{Data: []byte(record)}, &e); err != nil {
				t.Fatal(err)
			}
			var additional struct{ OperationID string }
			if err := json.Unmarshal([]byte(e.Additional), &additional); err != nil {
				t.Fatal(err)
			}
			if additional.OperationID != op.ID {
				t.Errorf("%s %s comes back as %q, want %q", method, target, additional.OperationID, op.ID)
			}
			if other, twice := actions[e.Name]; twice || e.Service == "" {
				t.Errorf("%s and %s have one action, %s of %q", op.ID, other, e.Name, e.Service)
			}
			actions[e.Name] = op.ID
		}
	}
	if len(doc.Paths) != 811 || operations != 1223 || len(ids) != 1223 || len(c.Sources[0].Mapper.Rules.OpenAPI) != 1223 {
		t.Errorf("%d paths, %d operations, %d ids, %d routes", len(doc.Paths), operations, len(ids), len(c.Sources[0].Mapper.Rules.OpenAPI))
	}
	for id, want := range map[string]string{"repos/delete": "ReposDelete", "repos/get-content": "ReposGetContent"} {
		if actions[want] != id {
			t.Errorf("%s is not called %s", id, want)
		}
	}
}
