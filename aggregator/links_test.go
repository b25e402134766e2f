package aggregator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func openLinks(t *testing.T, dir string) *Links {
	t.Helper()
	l, err := OpenLinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func putLink(t *testing.T, l *Links, address string, at time.Time) Link {
	t.Helper()
	link, err := l.Put(address, at)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

var linkTime = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// What is kept is there after a restart; the file is that of docs/format/links.md.
func TestLinksAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "links")
	l := openLinks(t, dir)
	const address = "/?q=eventName:+Stop*&from=now-7d&cols=time,actor"
	link := putLink(t, l, address, linkTime)
	same(t, "name", "gdrxeymxse", link.Name)
	data, err := os.ReadFile(filepath.Join(dir, link.Name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "file", `{
  "version": 1,
  "address": "/?q=eventName:+Stop*\u0026from=now-7d\u0026cols=time,actor",
  "createdAt": "2026-11-22T03:00:00Z"
}
`, string(data))
	l = openLinks(t, dir)
	same(t, "made again", link, putLink(t, l, address, linkTime.Add(time.Hour)))
	same(t, "files", 1, l.n)
	got, err := l.Get(link.Name)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "link", link, got)
	for _, name := range []string{"", "aaaaaaaaaa", "../links/" + link.Name, strings.ToUpper(link.Name), link.Name + ".json"} {
		if _, err := l.Get(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// An address whose short name is taken gets a longer one, also once more.
func TestLinksWithOneName(t *testing.T) {
	l := openLinks(t, t.TempDir())
	first := putLink(t, l, "/investigate?actor=alice", linkTime)
	taken := l.path(first.Name)
	if err := os.WriteFile(taken, []byte(`{"version":1,"address":"/other","createdAt":"2026-11-22T03:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	second := putLink(t, l, "/investigate?actor=alice", linkTime)
	if !strings.HasPrefix(second.Name, first.Name) || len(second.Name) != 16 {
		t.Errorf("beside %s: %s", first.Name, second.Name)
	}
	same(t, "once more", second, putLink(t, l, "/investigate?actor=alice", linkTime.Add(time.Hour)))
	if err := os.WriteFile(taken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Put("/investigate?actor=alice", linkTime); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

func TestLinksAreBounded(t *testing.T) {
	l := openLinks(t, t.TempDir())
	kept := putLink(t, l, "/", linkTime)
	l.n = MaxLinks
	if _, err := l.Put("/status", linkTime); !errors.Is(err, ErrTooManyLinks) {
		t.Errorf("one more: %v", err)
	}
	same(t, "one that is there", kept, putLink(t, l, "/", linkTime))
	for i, address := range []string{"", "status", "//example.com/", `/\example.com`, "/api/v1/events", "/a b", "/\n", "/é", "https://example.com/", "/" + strings.Repeat("a", MaxLinkAddress)} {
		if _, err := l.Put(address, linkTime); err == nil || errors.Is(err, ErrTooManyLinks) {
			t.Errorf("%d, %.20q: %v", i, address, err)
		}
	}
}

// What cannot be written has no name.
func TestLinksOnAFullDisk(t *testing.T) {
	l := openLinks(t, t.TempDir())
	l.dir = filepath.Join(l.dir, "no such folder")
	if link, err := l.Put("/status", linkTime); err == nil || l.n != 0 {
		t.Errorf("kept %s, %d in all: %v", fmt.Sprint(link), l.n, err)
	}
}
