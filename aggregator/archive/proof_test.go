package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/event"
)

func openBucket(t *testing.T, s *site) archive.Bucket {
	t.Helper()
	b, err := file.Open(s.bucket)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEachEventCanBeProved proves every event of an archive, by its checkpoints in the
// bucket and by a newer one, found by its id alone and by its origin, with tiles and without.
func TestEachEventCanBeProved(t *testing.T) {
	s, _, a := hours(t)
	if err := a.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := openBucket(t, s)
	prove := func(r archive.ProofRequest) string {
		t.Helper()
		p, err := archive.Prove(t.Context(), b, r)
		if err != nil {
			t.Fatal(err)
		}
		data, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if p, err = archive.DecodeProof(data); err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		got, err := p.Check([]string{vkey(t, 2), vkey(t, 1)})
		if err != nil {
			t.Fatal(err)
		}
		if got.Event.ID != r.ID || len(got.By) != 1 || got.By[0] != vkey(t, 1) {
			t.Fatalf("it proves %s, signed by %s", got.Event.ID, got.By)
		}
		return string(data)
	}
	n := 0
	for _, x := range makeStream(13, 2) {
		for _, e := range x.Events {
			n++
			byID := prove(archive.ProofRequest{ID: e.ID})
			if by := prove(archive.ProofRequest{ID: e.ID, Origin: &e.Origin}); by != byID {
				t.Errorf("found by its origin the proof is another one:\n%s\n%s", by, byID)
			}
		}
	}
	if n != 26 {
		t.Errorf("%d events", n)
	}
	e := makeStream(13, 2)[12].Events[0]
	want := prove(archive.ProofRequest{ID: e.ID})
	if err := os.RemoveAll(s.path("tlog/tile")); err != nil {
		t.Fatal(err)
	}
	if got := prove(archive.ProofRequest{ID: e.ID}); got != want {
		t.Error("without tiles the proof is another one")
	}
	if err := os.RemoveAll(s.path("tlog")); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Prove(t.Context(), b, archive.ProofRequest{ID: e.ID}); !errors.Is(err, archive.ErrUncovered) {
		t.Errorf("without checkpoints: %v", err)
	}
	if got := prove(archive.ProofRequest{ID: e.ID, Checkpoint: []byte(a.Status().Checkpoint)}); got != want {
		t.Error("with the checkpoint of the status the proof is another one")
	}
}

func TestProofOfFarSeals(t *testing.T) {
	s, _ := newLogged(t)
	s.cfg.RollBytes = 1
	stream := makeStream(600, 1)
	a := s.open()
	s.follow(a, stream)
	for _, n := range []int{0, 1, 254, 255, 256, 257, 400, 511, 599} {
		e := stream[n].Events[0]
		p, err := archive.Prove(t.Context(), openBucket(t, s), archive.ProofRequest{ID: e.ID, Origin: &e.Origin, Checkpoint: []byte(a.Status().Checkpoint)})
		if err != nil {
			t.Fatal(n, err)
		}
		if got, err := p.Check([]string{vkey(t, 1)}); err != nil || got.Event.ID != e.ID {
			t.Errorf("event %d: %v", n, err)
		}
	}
}

// What a backfill brought is found by its origin too: of batches from before the
// trail, and of those that came while it was stopped.
func TestProofOfABackfill(t *testing.T) {
	s, _ := newLogged(t)
	stream := makeStream(60, 3)
	s.cfg.Source = indexOf(stream)
	s.cfg.Stopped = func(seq uint64) (time.Time, bool) { return start, seq > 30 && seq <= 40 }
	a := s.open()
	if err := a.Write(t.Context(), stream[20:]); err != nil {
		t.Fatal(err)
	}
	if err := a.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	stopped, before := &stream[34].Events[1], &stream[4].Events[0]
	request := func(e *event.Event) archive.ProofRequest {
		return archive.ProofRequest{ID: e.ID, Origin: &e.Origin, Checkpoint: []byte(a.Status().Checkpoint)}
	}
	for _, e := range []*event.Event{stopped, before} {
		if _, err := archive.Prove(t.Context(), openBucket(t, s), request(e)); !errors.Is(err, archive.ErrNoEvent) {
			t.Errorf("before the backfill: %v", err)
		}
	}
	if err := s.backfill(a, stream, "first", start, until); err != nil {
		t.Fatal(err)
	}
	for _, e := range []*event.Event{stopped, before, &stream[50].Events[2]} {
		p, err := archive.Prove(t.Context(), openBucket(t, s), request(e))
		if err != nil {
			t.Error(err)
			continue
		}
		if got, err := p.Check([]string{vkey(t, 1)}); err != nil || got.Event.ID != e.ID {
			t.Errorf("event %s: %v", e.ID, err)
		}
	}
}

func TestWhatCannotBeProved(t *testing.T) {
	s, _, _ := hours(t)
	b := openBucket(t, s)
	e := makeStream(13, 2)[12].Events[0]
	if _, err := archive.Prove(t.Context(), b, archive.ProofRequest{ID: e.ID}); !errors.Is(err, archive.ErrUncovered) {
		t.Errorf("an event after the last checkpoint: %v", err)
	}
	for _, o := range []*event.Origin{nil, &e.Origin, {Agent: "gw-9"}} {
		if _, err := archive.Prove(t.Context(), b, archive.ProofRequest{ID: "none", Origin: o}); !errors.Is(err, archive.ErrNoEvent) {
			t.Errorf("an event that is not there, of %+v: %v", o, err)
		}
	}
	first := makeStream(1, 1)[0].Events[0]
	s.rechain(1, func(x *archive.Seal) { x.Filter = "other" })
	if err := os.RemoveAll(s.path("tlog/tile")); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Prove(t.Context(), b, archive.ProofRequest{ID: first.ID}); err == nil || !strings.Contains(err.Error(), "is not the one that the checkpoint") {
		t.Errorf("an archive that was rewritten: %v", err)
	}
}

// goldenProof was written by this release and is checked by each later one.
const goldenProof = "testdata/proof.json"

func TestTamperedProofsAreRefused(t *testing.T) {
	if os.Getenv("UPDATE_GOLDEN") != "" {
		p, err := archive.Prove(t.Context(), openBucket(t, &site{t: t, bucket: goldenLog}), archive.ProofRequest{ID: makeStream(3, 1)[1].Events[0].ID})
		if err != nil {
			t.Fatal(err)
		}
		data, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(goldenProof, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good, err := os.ReadFile(goldenProof)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/format/proof.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, good) {
		t.Errorf("docs/format/proof.md does not show %s", goldenProof)
	}
	change := func(f func(p *archive.Proof)) func([]byte) []byte {
		return func(data []byte) []byte {
			p, err := archive.DecodeProof(data)
			if err != nil {
				t.Fatal(err)
			}
			f(p)
			if data, err = p.Encode(); err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
	text := func(old, new string) func([]byte) []byte {
		return func(data []byte) []byte {
			if !bytes.Contains(data, []byte(old)) {
				t.Fatalf("%q is not in the proof", old)
			}
			return bytes.Replace(data, []byte(old), []byte(new), 1)
		}
	}
	one := []string{vkey(t, 1)}
	tests := map[string]struct {
		change func([]byte) []byte
		keys   []string
		want   string
	}{
		"nothing":                 {func(b []byte) []byte { return b }, one, ""},
		"the event":               {change(func(p *archive.Proof) { p.Event.Line = strings.Replace(p.Event.Line, "Ecs", "Ram", 1) }), one, "the event is not line 1"},
		"the event, not in order": {change(func(p *archive.Proof) { p.Event.Line = " " + p.Event.Line }), one, "not in canonical form"},
		"no event":                {change(func(p *archive.Proof) { p.Event.Line = "x" }), one, "the event is none"},
		"the index":               {change(func(p *archive.Proof) { p.Event.Index = 1 << 40 }), one, "so none of index"},
		"the object":              {change(func(p *archive.Proof) { p.Event.Object += "x" }), one, "does not name the object"},
		"the path":                {change(func(p *archive.Proof) { p.Event.Path = append(p.Event.Path, event.Hash{}) }), one, "the event is not line 1"},
		"the seal":                {change(func(p *archive.Proof) { p.Seal.Text = strings.Replace(p.Seal.Text, `"all"`, `"alm"`, 1) }), one, "the seal is damaged"},
		"the seal, with its checksum": {change(func(p *archive.Proof) {
			s, err := archive.DecodeSeal([]byte(p.Seal.Text))
			if err != nil {
				t.Fatal(err)
			}
			s.Filter = "other"
			data, err := s.Encode()
			if err != nil {
				t.Fatal(err)
			}
			p.Seal.Text = string(data)
		}), one, "is not the one that the checkpoint"},
		"the path of the seal": {change(func(p *archive.Proof) { p.Seal.Path[0][3] ^= 1 }), one, "is not the one that the checkpoint"},
		"a path too short":     {change(func(p *archive.Proof) { p.Seal.Path = p.Seal.Path[1:] }), one, "is not the one that the checkpoint"},
		"the checkpoint":       {change(func(p *archive.Proof) { p.Checkpoint = strings.Replace(p.Checkpoint, "\n4\n", "\n5\n", 1) }), one, "its signature is wrong"},
		"no checkpoint":        {change(func(p *archive.Proof) { p.Checkpoint = "" }), one, "no signed note"},
		"an earlier checkpoint": {change(func(p *archive.Proof) {
			p.Checkpoint = read(&site{t: t, bucket: goldenLog}, "tlog/checkpoint/000000000001")
		}), one, "so not over seal 2"},
		"another key":            {func(b []byte) []byte { return b }, []string{vkey(t, 2)}, "signed by none of the keys"},
		"no key":                 {func(b []byte) []byte { return b }, nil, "signed by none of the keys"},
		"a member more":          {text(`"version"`, `"more": 1, "version"`), one, "unknown field"},
		"white space":            {text(`"version": 1`, `"version":  1`), one, "canonical form"},
		"a member in other case": {text(`"version"`, `"Version"`), one, "canonical form"},
		"something behind":       {func(b []byte) []byte { return append(b, "{}"...) }, one, "it is no proof"},
		"cut off":                {func(b []byte) []byte { return b[:len(b)-2] }, one, "it is no proof"},
		"a later version":        {text(`"version": 1`, `"version": 2`), one, "version 2 are not supported"},
		"another format":         {text("actiontrail proof", "other"), one, "its format is"},
		"no path":                {func(b []byte) []byte { return []byte(`{"format":"actiontrail proof","version":1}`) }, one, "not null"},
	}
	for name, test := range tests {
		p, err := archive.DecodeProof(test.change(bytes.Clone(good)))
		if err == nil {
			_, err = p.Check(test.keys)
		}
		if (test.want == "") != (err == nil) || !strings.Contains(fmt.Sprint(err), test.want) && test.want != "" {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func FuzzProof(f *testing.F) {
	good, err := os.ReadFile(goldenProof)
	if err != nil {
		f.Fatal(err)
	}
	v, err := signKey(1).VKey(origin)
	if err != nil {
		f.Fatal(err)
	}
	want, err := archive.DecodeProof(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"format":"actiontrail proof","version":1,"event":{"path":[]},"seal":{"path":[]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := archive.DecodeProof(data)
		if err != nil {
			return
		}
		if again, err := p.Encode(); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%q is read, and written as %q (%v)", data, again, err)
		}
		if _, err := p.Check([]string{v}); err == nil && (p.Event.Line != want.Event.Line || p.Seal.Text != want.Seal.Text) {
			t.Errorf("%q proves another event than the one that there is", data)
		}
	})
}
