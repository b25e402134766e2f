package aggregator

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func openSearches(t *testing.T, path string) *Searches {
	t.Helper()
	s, err := OpenSearches(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What is kept is there after a restart, byte for byte; the file is that of docs/format/searches.md.
func TestSearchesAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "searches.json")
	s := openSearches(t, path)
	for name, search := range map[string]string{"writes": `{"query":"eventRW: Write"}`, "登录失败": `{"query":"errorCode: *","fields":["eventTime"]}`, "gone": `{"query":""}`} {
		if err := s.Put(name, json.RawMessage(search)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Put("writes", json.RawMessage(`{"query":"eventRW: Write and not a"}`)); err != nil {
		t.Fatal(err)
	}
	gone, err := s.Delete("gone")
	same(t, "deleted", `{"query":""}`, string(gone))
	if again, err2 := s.Delete("gone"); err != nil || err2 != nil || again != nil {
		t.Errorf("deleted twice: %s, %v, %v", again, err, err2)
	}
	const file = `{
  "version": 1,
  "searches": {
    "writes": {
      "query": "eventRW: Write and not a"
    },
    "登录失败": {
      "query": "errorCode: *",
      "fields": [
        "eventTime"
      ]
    }
  }
}
`
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "file", file, string(data))
	s = openSearches(t, path)
	same(t, "names", []string{"writes", "登录失败"}, s.Names())
	same(t, "search", `{"query":"eventRW: Write and not a"}`, string(s.Get("writes")))
}

func TestSearchesAreBounded(t *testing.T) {
	s := openSearches(t, filepath.Join(t.TempDir(), "searches.json"))
	for i := range MaxSearches {
		s.kept[fmt.Sprint(i)] = json.RawMessage(`{}`)
	}
	if err := s.Put("one more", json.RawMessage(`{}`)); !errors.Is(err, ErrTooManySearches) {
		t.Errorf("one more: %v", err)
	}
	if err := s.Put("7", json.RawMessage(`{"query":"a"}`)); err != nil {
		t.Errorf("in place of another: %v", err)
	}
	if err := s.Put("7", json.RawMessage(`{"query":"`+strings.Repeat("a", MaxSearchBytes)+`"}`)); err == nil {
		t.Error("a search of more than the bound is kept")
	}
	for _, name := range []string{"", " a", "a\t", "a/b", "a\nb", "\xff", ".", "..", strings.Repeat("é", MaxSearchName+1)} {
		if err := s.Put(name, json.RawMessage(`{}`)); err == nil {
			t.Errorf("the name %q is taken", name)
		}
	}
	if err := s.Put(strings.Repeat("é", MaxSearchName), json.RawMessage(`{}`)); err == nil {
		t.Error("one more is kept under a long name")
	}
}

// What cannot be written is not shown.
func TestSearchesOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	s := openSearches(t, filepath.Join(dir, "searches.json"))
	s.path = filepath.Join(dir, "no such folder", "searches.json")
	if err := s.Put("a", json.RawMessage(`{}`)); err == nil || s.Get("a") != nil {
		t.Errorf("kept in memory alone: %v", err)
	}
}

func FuzzSearchesFile(f *testing.F) {
	f.Add([]byte(`{"version":1,"searches":{"a":{"query":"x"}}}`))
	f.Add([]byte(`{"version":2,"searches":{}}`))
	f.Add([]byte(`{"version":1,"searches":{"a":null,"b":[]}}`))
	f.Add([]byte(`{"version":1,"address":"/?q=a","createdAt":"2026-11-22T03:00:00Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if link, err := parseLink("a", data); err == nil && CheckLinkAddress(link.Address) != nil {
			t.Fatalf("%q is read as a link to %q", data, link.Address)
		}
		kept, err := parseSearches(data)
		if err != nil {
			return
		}
		text, err := formatSearches(kept)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseSearches(text)
		if err != nil || len(again) != len(kept) {
			t.Fatalf("%s is read as %v, and written as %s: %v", data, kept, text, err)
		}
		for name, search := range kept {
			if string(again[name]) != string(search) {
				t.Fatalf("%q is %s, and again %s", name, search, again[name])
			}
		}
	})
}
