package archive_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
)

const origin = "actiontrail/prod/all/file"

// signKey is key n of a test.
func signKey(n byte) transparency.Key { return transparency.NewKey([32]byte{n}, start) }

func vkey(t *testing.T, n byte) string {
	t.Helper()
	v, err := signKey(n).VKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// keys is what an installation signs with.
type keys struct{ list []transparency.Key }

func (k *keys) get() ([]transparency.Key, error) {
	if len(k.list) == 0 {
		return nil, errors.New("no key")
	}
	return k.list, nil
}

// logged gives the archive of the site a log.
func (s *site) logged() *keys {
	k := &keys{[]transparency.Key{signKey(1)}}
	s.cfg.Log = &archive.LogConfig{Origin: origin, Keys: k.get, File: filepath.Join(s.logFolder(), "all.json")}
	return k
}

// logFolder is where the site remembers what it signed.
func (s *site) logFolder() string { return filepath.Join(filepath.Dir(s.bucket), "log") }

func newLogged(t *testing.T) (*site, *keys) {
	s := newSite(t)
	return s, s.logged()
}

func (s *site) verifyBy(o archive.VerifyOptions) archive.Report {
	s.t.Helper()
	b, err := file.Open(s.bucket)
	if err != nil {
		s.t.Fatal(err)
	}
	o.Now = func() time.Time { return s.clock.t.Add(time.Hour) }
	r, err := archive.Verify(s.t.Context(), b, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// checkpoints are the sizes of those in the bucket.
func (s *site) checkpoints() (sizes []int64) {
	s.t.Helper()
	entries, err := os.ReadDir(s.path(transparency.CheckpointFolder))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		if n, ok := transparency.ParseCheckpointKey(transparency.CheckpointFolder + e.Name()); ok {
			sizes = append(sizes, n)
		}
	}
	slices.Sort(sizes)
	return sizes
}

// hours makes an archive of several hours, two seals in each.
func hours(t *testing.T) (*site, *keys, *archive.Archive) {
	s, k := newLogged(t)
	s.cfg.RollBytes = 1
	a := s.open()
	stream := makeStream(13, 2)
	for i, b := range stream {
		s.clock.pass(30 * time.Minute)
		if err := a.Write(t.Context(), stream[i:i+1]); err != nil {
			t.Fatal(b.Seq, err)
		}
	}
	if r := s.verify(); !r.OK() || r.Seals < 14 {
		t.Fatalf("the archive to be damaged: %d seals, %+v", r.Seals, r.Problems)
	}
	return s, k, a
}

func TestCheckpointsAreStoredByTheHour(t *testing.T) {
	s, _, a := hours(t)
	var want []int64
	last := time.Time{}
	r := s.verify()
	for n := range r.Seals {
		if at := s.seal(n).Time.Truncate(time.Hour); !at.Equal(last) {
			want, last = append(want, int64(n)+1), at
		}
	}
	if got := s.checkpoints(); !slices.Equal(got, want) {
		t.Errorf("checkpoints over %v seals, want %v", got, want)
	}
	st := a.Status()
	c, by, err := transparency.OpenCheckpoint([]byte(st.Checkpoint), []string{vkey(t, 1)})
	if err != nil || len(by) != 1 || c.Size != int64(r.Seals) || st.Signed != r.Seals || c.Root != r.Log.Root || st.SigningKey != vkey(t, 1) {
		t.Errorf("the newest checkpoint: %+v (%v), status %+v, verify %+v", c, err, st, r.Log)
	}
	for range 2 {
		if err := a.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.checkpoints(); got[len(got)-1] != int64(r.Seals) {
		t.Errorf("after a stop there are checkpoints over %v of %d seals", got, r.Seals)
	}
	r = s.verifyBy(archive.VerifyOptions{Checkpoints: []archive.GivenCheckpoint{{Name: "noted", Note: []byte(st.Checkpoint)}}, Keys: []string{vkey(t, 1)}})
	if !r.OK() || r.Log.GivenSigned != int64(r.Seals) || r.Log.Signed != int64(r.Seals) || r.Log.Judged != "keys" {
		t.Errorf("verify with the newest checkpoint: %+v, %+v", r.Problems, r.Log)
	}
}

// Two writers of one archive, with one key, write the same log; so does one that knows nothing of what was signed.
func TestLogOfTwoWriters(t *testing.T) {
	s, _ := newLogged(t)
	s.cfg.RollBytes = 1
	stream := makeStream(20, 1)
	one := s.open()
	s.cfg.Staging += "2"
	s.cfg.Log.File += "2"
	two := s.open()
	for i := range stream {
		s.clock.pass(20 * time.Minute)
		w := []*archive.Archive{one, two}[i%2]
		for range 3 { // the other one has written: the first call finds that out
			if w.Write(t.Context(), stream[:i+1]) == nil && w.Position().Seq == stream[i].Seq {
				break
			}
		}
	}
	s.whole(stream, all)
	if err := os.Remove(s.cfg.Log.File); err != nil {
		t.Fatal(err)
	}
	if st := s.open().Status(); st.Signed != s.verify().Seals {
		t.Errorf("a writer that remembers nothing signs %d of %d seals", st.Signed, s.verify().Seals)
	}
}

func TestLogBeginsInAnOlderArchive(t *testing.T) {
	s := newSite(t)
	stream := makeStream(20, 3)
	s.follow(s.open(), stream[:10])
	old := s.verify()
	if old.Log != nil || s.seal(0).Version != 1 {
		t.Fatalf("an archive without a log: %+v", old.Log)
	}
	s.logged()
	a := s.open()
	if st := a.Status(); st.Checkpoint != "" {
		t.Errorf("before a seal names the key there is a checkpoint:\n%s", st.Checkpoint)
	}
	s.follow(a, stream)
	s.whole(stream, all)
	r := s.verify()
	if r.Log == nil || r.Log.Signed <= int64(old.Seals) || len(r.Log.Keys) != 1 || r.Log.Keys[0].Seal != old.Seals || s.seal(old.Seals).Version != 3 {
		t.Errorf("the log: %+v", r.Log)
	}
}

func TestRotation(t *testing.T) {
	s, k, a := hours(t)
	more := makeStream(25, 2)[13:]
	rotate := func(list ...transparency.Key) {
		k.list = list
		for i := range 4 {
			s.clock.pass(30 * time.Minute)
			if err := a.Write(t.Context(), more[i:i+1]); err != nil {
				t.Fatal(err)
			}
		}
		more = more[4:]
	}
	rotate(signKey(2), signKey(1))
	rotate(signKey(2)) // the old one is destroyed
	r := s.verify()
	if !r.OK() || len(r.Log.Keys) != 2 || r.Log.Signed == 0 {
		t.Errorf("verify: %+v, %+v", r.Problems, r.Log)
	}
	// The old key, in the hands of somebody else, signs nothing any more.
	stolen := transparency.CheckpointKey(int64(r.Seals))
	if _, err := os.Stat(s.path(stolen)); err == nil {
		t.Fatal("there is a checkpoint over all seals already")
	}
	note, err := (&transparency.Checkpoint{Origin: origin, Size: int64(r.Seals), Root: r.Log.Root}).Sign(signKey(1))
	if err != nil {
		t.Fatal(err)
	}
	s.put(stolen, note)
	if r := s.verify(); len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Text, "no longer in force") {
		t.Errorf("with a checkpoint of the old key: %+v", r.Problems)
	}
	s.remove(stolen)
	for n := byte(1); n <= 2; n++ { // whoever trusts either comes to trust all
		if r := s.verifyBy(archive.VerifyOptions{Keys: []string{vkey(t, n)}}); !r.OK() {
			t.Errorf("with key %d: %+v", n, r.Problems)
		}
	}
	if r := s.verifyBy(archive.VerifyOptions{Keys: []string{vkey(t, 3)}}); r.OK() || !strings.Contains(r.Problems[0].Text, "vouches") {
		t.Errorf("with a key of somebody else: %+v", r.Problems)
	}
	// A key that the old one did not sign is somebody else's, unless it is given. Nobody
	// goes on with one by mistake: a second server that lacks the key is told so.
	k.list = []transparency.Key{signKey(4)}
	for name, err := range map[string]error{"the next seal": a.Write(t.Context(), more[:1]), "a start": func() error { _, err := archive.Open(t.Context(), s.cfg); return err }()} {
		if !errors.Is(err, archive.ErrKey) || !strings.Contains(err.Error(), vkey(t, 2)) || !strings.Contains(err.Error(), vkey(t, 4)) || !strings.Contains(err.Error(), "--lost "+archive.PublicPart(vkey(t, 2))) {
			t.Errorf("%s with a key that nobody vouches for: %v", name, err)
		}
	}
	s.cfg.Log.Lost = func(public string) bool { return public == archive.PublicPart(vkey(t, 2)) }
	rotate(signKey(4))
	for _, test := range []struct {
		keys []string
		ok   bool
	}{{nil, false}, {[]string{vkey(t, 1)}, false}, {[]string{vkey(t, 4)}, true}} {
		if r := s.verifyBy(archive.VerifyOptions{Keys: test.keys}); r.OK() != test.ok {
			t.Errorf("a key that nobody vouches for, with %q: %+v", test.keys, r.Problems)
		}
	}
	// It starts again with the keys that are there.
	if err := os.Remove(s.cfg.Log.File); err != nil {
		t.Fatal(err)
	}
	if st := s.open().Status(); st.SigningKey != vkey(t, 4) {
		t.Errorf("after a start: %+v", st)
	}
}

// A writer goes on only from what it signed.
func TestWriterRefusesAnotherPast(t *testing.T) {
	tests := map[string]struct {
		damage func(s *site)
		want   string
	}{
		"nothing": {func(*site) {}, ""},
		"the end cut off": {func(s *site) {
			n := s.verify().LastSeal
			s.remove(archive.SealKey(n))
		}, "what follows it was removed"},
		"all removed": {func(s *site) {
			if err := os.RemoveAll(s.bucket); err != nil {
				s.t.Fatal(err)
			}
			if err := os.Mkdir(s.bucket, 0o700); err != nil {
				s.t.Fatal(err)
			}
			b, err := file.New(s.bucket)
			if err != nil {
				s.t.Fatal(err)
			}
			s.cfg.Bucket = b
		}, "the bucket has 0 seals"},
		"all rewritten, log and all": {func(s *site) {
			if err := os.RemoveAll(s.path("tlog")); err != nil {
				s.t.Fatal(err)
			}
			s.rechain(5, func(x *archive.Seal) { x.Filter = "other" })
		}, "not those that this archive signed"},
		"the last seal changed": {func(s *site) {
			s.forge(s.verify().LastSeal, func(x *archive.Seal) { x.Time = x.Time.Add(time.Millisecond) })
		}, "this archive signed"},
		"tiles lost": {func(s *site) {
			if err := os.RemoveAll(s.path("tlog/tile")); err != nil {
				s.t.Fatal(err)
			}
		}, ""},
		"tiles changed": {func(s *site) {
			for key := range s.bucketKeys("tlog/tile/") {
				s.change(key, func(b []byte) []byte { b[0] ^= 1; return b })
			}
		}, "exists with other content"},
		"log lost": {func(s *site) {
			if err := os.RemoveAll(s.path("tlog")); err != nil {
				s.t.Fatal(err)
			}
		}, ""},
		"what it remembers is damaged": {func(s *site) {
			if err := os.WriteFile(s.cfg.Log.File, []byte("{"), 0o600); err != nil {
				s.t.Fatal(err)
			}
		}, "is damaged"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, _, a := hours(t)
			if err := a.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
			test.damage(s)
			a, err := archive.Open(t.Context(), s.cfg)
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want == "":
				s.follow(a, makeStream(15, 2))
				if r := s.verify(); !r.OK() {
					t.Errorf("verify: %+v", r.Problems)
				}
			case err == nil || !strings.Contains(err.Error(), test.want):
				t.Errorf("it opens with %v, want %q", err, test.want)
			}
		})
	}
}

func TestNoKeyNoSeal(t *testing.T) {
	s, k := newLogged(t)
	k.list = nil
	if _, err := archive.Open(t.Context(), s.cfg); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Errorf("without a key it opens with %v", err)
	}
	if _, err := os.Stat(s.path(archive.SealKey(0))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a key there is a seal (%v)", err)
	}
}

// bucketKeys are the keys that begin like this.
func (s *site) bucketKeys(prefix string) map[string]bool {
	s.t.Helper()
	b, err := file.Open(s.bucket)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]bool{}
	for o, err := range b.List(s.t.Context(), prefix, "") {
		if err != nil {
			s.t.Fatal(err)
		}
		out[o.Key] = true
	}
	return out
}

// goldenLog is an archive with a log in testdata, made by this release and read by each later one.
const goldenLog = "testdata/logged"

// TestGoldenLog reads an archive with a log that was written before, and sees that
// the page about the format shows its third checkpoint. UPDATE_GOLDEN=1 writes it anew.
func TestGoldenLog(t *testing.T) {
	if os.Getenv("UPDATE_GOLDEN") != "" {
		s, _ := newLogged(t)
		s.cfg.RollBytes = 1
		a := s.open()
		for i, stream := 0, makeStream(3, 1); i < len(stream); i++ {
			s.clock.pass(time.Hour)
			if err := a.Write(t.Context(), stream[i:i+1]); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(os.RemoveAll(goldenLog), os.CopyFS(goldenLog, os.DirFS(s.bucket)), os.RemoveAll(goldenLog+"/.unfinished")); err != nil {
			t.Fatal(err)
		}
	}
	s := &site{t: t, clock: &clock{start.Add(4 * time.Hour)}, bucket: goldenLog}
	note := read(s, transparency.CheckpointKey(3))
	r := s.verifyBy(archive.VerifyOptions{Keys: []string{vkey(t, 1)}, Checkpoints: []archive.GivenCheckpoint{{Name: "3", Note: []byte(note)}}})
	if !r.OK() || r.Log.Signed != 4 || r.Log.GivenSigned != 3 || r.Events != 3 {
		t.Errorf("verify of the archive in testdata: %+v", r)
	}
	page, err := os.ReadFile("../../docs/format/log.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), note) {
		t.Errorf("docs/format/log.md does not show\n%s", note)
	}
}
