package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

func mustCheck(t *testing.T, dir string) Report {
	t.Helper()
	r, err := Check(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Nothing is wrong with an index that is whole, in whatever form its events are,
// and all of them are read.
func TestCheckOfAWholeIndex(t *testing.T) {
	t.Parallel()
	s := newStream(60)
	all := s.docs(1 << 60)
	for _, cfg := range []Config{{}, {SegmentEvents: 1}, {SegmentEvents: 30}, {SegmentEvents: 40, Classes: testClasses}} {
		cfg.Dir = t.TempDir()
		cfg.Now = func() time.Time { return testNow().Add(-24 * time.Hour) }
		x := mustOpen(t, cfg)
		if err := s.follow(x, 5); err != nil {
			t.Fatal(err)
		}
		want := contents(t, x)
		mustClose(t, x)
		before := files(t, cfg.Dir)
		r := mustCheck(t, cfg.Dir)
		events := 0
		for _, f := range r.Files {
			events += f.Events
		}
		if !r.OK() || events != len(want) || len(want) < len(all)/2 || r.Seq != s[len(s)-1].Seq {
			t.Errorf("%d events a segment, %d classes: %d events of %d, up to batch %d: %+v", cfg.SegmentEvents, len(cfg.Classes), events, len(want), r.Seq, r)
		}
		if diff := cmp.Diff(before, files(t, cfg.Dir)); diff != "" {
			t.Errorf("the check has changed files (-before +after)\n%s", diff)
		}
	}
}

// files are those of a folder, with their bytes.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

// A segment whose checksums are right, but that says something else than its
// events, is found out by what it says.
func TestCheckFindsWrongSegments(t *testing.T) {
	s := newStream(40)
	for name, spoil := range map[string]func(*source){
		"an event lacks a value": func(src *source) {
			f := longest(src, func(f *fieldSource) bool { return f.no >= 0 && kinds[f.no] == asKey })
			e := &f.entries[0]
			e.events = e.events[1:]
		},
		"an event has a value of others": func(src *source) {
			f := longest(src, func(f *fieldSource) bool { return f.no >= 0 && kinds[f.no] == asLeaves && len(f.entries) > 1 })
			f.entries[0].events, f.entries[1].events = f.entries[1].events, f.entries[0].events
		},
		"keys are not sorted": func(src *source) {
			n := len(src.keys)
			src.keys[n/2], src.keys[n/2+1] = src.keys[n/2+1], src.keys[n/2]
		},
		"a dictionary is missing": func(src *source) {
			src.fields = slices.DeleteFunc(src.fields, func(f fieldSource) bool { return f.no == fieldNo["serviceName"] })
		},
		"words are missing": func(src *source) {
			src.fields = slices.DeleteFunc(src.fields, func(f fieldSource) bool { return f.no == wordsNo })
		},
		"the events with any value": func(src *source) {
			f := longest(src, func(f *fieldSource) bool { return f.no >= 0 && kinds[f.no] == asLeaves })
			f.all = f.all[1:]
		},
		"an id has no hash": func(src *source) {
			id := src.id
			src.id = func(n int) []byte {
				if n == 3 {
					return []byte("another")
				}
				return id(n)
			}
		},
		"a number is another": func(src *source) {
			for i := range src.columns {
				if cells := src.columns[i].cells; cells[0].ok {
					cells[0].v++
				}
			}
		},
		"events are in another order": func(src *source) {
			docs := src.docs
			src.docs = func(w *docWriter, put func([]byte) error) ([]uint32, error) {
				places, err := docs(w, put)
				places[0], places[1] = places[1], places[0]
				return places, err
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			x := mustOpen(t, Config{Dir: dir})
			if err := s.follow(x, len(s)); err != nil {
				t.Fatal(err)
			}
			src := x.current.sort(new(sorting)).nextDay()
			spoil(src)
			path := filepath.Join(dir, segmentName(src.day, 1))
			seg, err := x.writeSegment(path, src)
			if err != nil {
				t.Fatal(err)
			}
			entry := seg.entry()
			c, err := checkSegment(t.Context(), x.codec, dir, entry)
			if err != nil || len(c.Problems) == 0 {
				t.Errorf("nothing is found: %+v, %v", c, err)
			}
			seg.release()
			mustClose(t, x)
		})
	}
}

// Codes and marks that are not those of the values are found, though their checksums match.
func TestCheckFindsWrongCodes(t *testing.T) {
	s := newStream(40)
	for name, spoil := range map[string]func(w *segmentWriter){
		"a code":  func(w *segmentWriter) { w.codes[len(w.codes)/2]++ },
		"no code": func(w *segmentWriter) { clear(w.codes) },
		"marks":   func(w *segmentWriter) { w.salt[0]++ },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			x := mustOpen(t, Config{Dir: dir})
			defer mustClose(t, x)
			if err := s.follow(x, len(s)); err != nil {
				t.Fatal(err)
			}
			src := x.current.sort(new(sorting)).nextDay()
			seg, err := x.makeSegment(filepath.Join(dir, segmentName(src.day, 1)), func(w *segmentWriter) error {
				err := errors.Join(w.buildEvents(src, x.packer), w.buildKeys(src))
				for i := range src.fields {
					f := &src.fields[i]
					d, e := w.buildDictionary(src, f)
					if err = errors.Join(err, e); err == nil {
						spoil(w)
						err = d.end(f.all, f.hidden)
					}
				}
				return errors.Join(err, w.end())
			})
			if err != nil {
				t.Fatal(err)
			}
			defer seg.release()
			c, err := checkSegment(t.Context(), x.codec, dir, seg.entry())
			if err != nil || len(c.Problems) == 0 {
				t.Errorf("nothing is found: %+v, %v", c, err)
			}
		})
	}
}

// longest is the dictionary with the most events of those that ok wants.
func longest(src *source, ok func(*fieldSource) bool) *fieldSource {
	var best *fieldSource
	for i := range src.fields {
		if f := &src.fields[i]; ok(f) && len(f.entries) > 0 && (best == nil || len(f.all) > len(best.all)) {
			best = f
		}
	}
	return best
}

// What is missing, foreign, torn or set aside is told.
func TestCheckTellsOfFiles(t *testing.T) {
	s := newStream(30)
	whole := t.TempDir()
	x := mustOpen(t, Config{Dir: whole, SegmentEvents: 60})
	if err := s.follow(x, 3); err != nil {
		t.Fatal(err)
	}
	mustClose(t, x)
	one := func(t *testing.T, dir, pattern string) string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("no %s in %s: %v", pattern, dir, err)
		}
		return found[len(found)-1]
	}
	change := func(pattern string, fn func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			path := one(t, dir, pattern)
			b, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, fn(b), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name, want string
		spoil      func(t *testing.T, dir string)
	}{
		{"missing segment", "no such file", func(t *testing.T, dir string) { os.Remove(one(t, dir, "*.seg")) }},
		{"cut segment", "", change("*.seg", func(b []byte) []byte { return b[:len(b)/2] })},
		{"segment of the future", "version 99", change("*.seg", func(b []byte) []byte { b[4] = 99; return b })},
		{"missing WAL", "missing", func(t *testing.T, dir string) { os.Remove(one(t, dir, "*.wal")) }},
		{"flipped WAL", "head", change("*.wal", func(b []byte) []byte { b[20] ^= 1; return b })},
		{"flipped manifest", "checksum", change("manifest", func(b []byte) []byte { b[100] ^= 1; return b })},
		{"no manifest", "missing", func(t *testing.T, dir string) { os.Remove(one(t, dir, "manifest")) }},
		{"set aside", "was set aside", func(t *testing.T, dir string) {
			change("*.seg", func(b []byte) []byte { return b[:1000] })(t, dir)
			mustClose(t, mustOpen(t, Config{Dir: dir}))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			copyDir(t, whole, dir)
			c.spoil(t, dir)
			r := mustCheck(t, dir)
			text := strings.Join(r.Problems, "\n")
			for _, f := range r.Files {
				text += strings.Join(f.Problems, "\n")
			}
			if r.OK() || !strings.Contains(text, c.want) {
				t.Errorf("it tells %q, want %q", text, c.want)
			}
		})
	}
	if r := mustCheck(t, t.TempDir()); !r.OK() || len(r.Files) > 0 {
		t.Errorf("of an empty folder: %+v", r)
	}
	if _, err := Check(t.Context(), filepath.Join(whole, "none")); err == nil {
		t.Error("a folder that is not there is checked")
	}
	x = mustOpen(t, Config{Dir: whole})
	if _, err := Check(t.Context(), whole); err == nil {
		t.Error("an index that is open is checked")
	}
	mustClose(t, x)
}

// The largest index that a test makes: more leaves than have dictionaries, in chunks.
func TestCheckOfOddEvents(t *testing.T) {
	x := mustOpen(t, Config{Dir: t.TempDir()})
	defer mustClose(t, x)
	e := oddEvents()
	if err := x.Write(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	src := x.current.sort(new(sorting)).nextDay()
	seg, err := x.writeSegment(filepath.Join(x.cfg.Dir, segmentName(src.day, 1)), src)
	if err != nil {
		t.Fatal(err)
	}
	defer seg.release()
	c := Checked{}
	k := &segmentCheck{s: seg, c: &c, docs: seg.readDocs()}
	for from := 0; from < seg.foot.Events; from += 100 { // each with other leaves than the whole
		if err := k.chunk(t.Context(), from, min(from+100, seg.foot.Events)); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.whole(); err != nil || len(c.Problems) > 0 || c.Events != seg.foot.Events {
		t.Fatalf("%v: %+v", err, c)
	}
}

// oddEvents have more leaves than have dictionaries, ids that are no UUIDs, and no times.
func oddEvents() []event.Batch {
	b := event.Batch{Lane: event.Lane{Agent: "a"}, Number: 1, Seq: 1}
	for i := range 300 {
		e := event.Event{ID: fmt.Sprint("e", i), Name: "N"}
		if i%2 == 0 {
			e.Time = event.At(time.Unix(int64(i), 0), 3)
		}
		body := "{"
		for k := range 10 {
			body += fmt.Sprintf(`"leaf%d":"v%d","own%d":"%016x",`, i*10+k, k, i%10, i*10+k)
		}
		e.RequestParameters, _ = event.ParseObject([]byte(body + `"last":"x"}`))
		b.Events = append(b.Events, e)
	}
	return []event.Batch{b}
}
