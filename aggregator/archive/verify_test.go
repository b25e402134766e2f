package archive_test

import (
	"bytes"
	"crypto/sha256"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/event"
)

// built is a site with an archive of a few seals and objects, and the keys of the objects.
func built(t *testing.T) (*site, []string) {
	t.Helper()
	s := newSite(t)
	s.cfg.RollBytes = 8000
	s.follow(s.open(), makeStream(40, 4))
	keys := slices.Sorted(maps.Keys(s.objects()))
	if r := s.verify(); !r.OK() || r.Seals < 6 || len(keys) < 10 {
		t.Fatalf("the archive to be damaged: %+v", r)
	}
	return s, keys
}

func (s *site) path(key string) string { return filepath.Join(s.bucket, filepath.FromSlash(key)) }

func (s *site) change(key string, change func([]byte) []byte) {
	s.t.Helper()
	b, err := os.ReadFile(s.path(key))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path(key), change(b), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) remove(key string) {
	s.t.Helper()
	if err := os.Remove(s.path(key)); err != nil {
		s.t.Fatal(err)
	}
}

// forge writes a seal that was changed, with a right checksum.
func (s *site) forge(n uint64, change func(*archive.Seal)) {
	s.t.Helper()
	seal := s.seal(n)
	change(seal)
	data, err := seal.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	s.change(archive.SealKey(n), func([]byte) []byte { return data })
}

func TestVerifyFinds(t *testing.T) {
	tests := map[string]struct {
		damage func(s *site, keys []string)
		want   map[string]string // key, or the number of an object, to a part of the problem
	}{
		"one byte of an object": {
			func(s *site, k []string) { s.change(k[3], func(b []byte) []byte { b[len(b)/2] ^= 1; return b }) },
			map[string]string{"3": "its bytes are not those"}},
		"an object cut off": {
			func(s *site, k []string) { s.change(k[3], func(b []byte) []byte { return b[:len(b)-1] }) },
			map[string]string{"3": "its bytes are not those"}},
		"an object with more behind it": {
			func(s *site, k []string) { s.change(k[3], func(b []byte) []byte { return append(b, b...) }) },
			map[string]string{"3": "its bytes are not those"}},
		"an empty object": {
			func(s *site, k []string) { s.change(k[3], func(b []byte) []byte { return nil }) },
			map[string]string{"3": "its bytes are not those"}},
		"a removed object": {
			func(s *site, k []string) { s.remove(k[2]) },
			map[string]string{"2": "it is missing"}},
		"swapped objects": {
			func(s *site, k []string) {
				for _, r := range [][2]string{{k[1], "tmp"}, {k[4], k[1]}, {"tmp", k[4]}} {
					if err := os.Rename(s.path(r[0]), s.path(r[1])); err != nil {
						s.t.Fatal(err)
					}
				}
			},
			map[string]string{"1": "its bytes are not those", "4": "its bytes are not those"}},
		"an extra object": {
			func(s *site, k []string) {
				if err := os.WriteFile(s.path("AuditLog/more.ndjson.gz"), nil, 0o600); err != nil {
					s.t.Fatal(err)
				}
			},
			map[string]string{"AuditLog/more.ndjson.gz": "no seal names this object"}},
		"an extra file among the seals": {
			func(s *site, k []string) {
				if err := os.WriteFile(s.path("seals/3.json"), nil, 0o600); err != nil {
					s.t.Fatal(err)
				}
			},
			map[string]string{"seals/3.json": "no seal names this object"}},
		"a renamed object": {
			func(s *site, k []string) {
				if err := os.Rename(s.path(k[0]), s.path("AuditLog/x")); err != nil {
					s.t.Fatal(err)
				}
			},
			map[string]string{"0": "it is missing", "AuditLog/x": "no seal names this object"}},
		"a seal with a byte changed": {
			func(s *site, k []string) {
				s.change(archive.SealKey(5), func(b []byte) []byte { return bytes.Replace(b, []byte(`"trail":"all"`), []byte(`"trail":"alk"`), 1) })
			},
			map[string]string{archive.SealKey(5): "checksum"}},
		"a seal in other words": {
			func(s *site, k []string) {
				s.change(archive.SealKey(5), func(b []byte) []byte { return bytes.Replace(b, []byte(`"number":5`), []byte(`"number": 5`), 1) })
			},
			map[string]string{archive.SealKey(5): "canonical"}},
		"a forged seal": {
			func(s *site, k []string) { s.forge(2, func(x *archive.Seal) { x.Time = x.Time.Add(time.Second) }) },
			map[string]string{archive.SealKey(3): "does not follow seals/000000000002.json"}},
		"a last seal forged to scan less": {
			func(s *site, k []string) {
				s.forge(s.verify().LastSeal-1, func(x *archive.Seal) {
					x.Scanned = x.Scanned[:0]
					x.Objects = x.Objects[:0]
					x.Events, x.Matched = 0, 0
				})
			},
			nil},
		"a seal of another trail": {
			func(s *site, k []string) { s.forge(1, func(x *archive.Seal) { x.Trail = "other" }) },
			map[string]string{archive.SealKey(1): `it is of trail "other"`, archive.SealKey(2): "does not follow"}},
		"a seal in the place of another": {
			func(s *site, k []string) {
				b, err := os.ReadFile(s.path(archive.SealKey(3)))
				if err != nil {
					s.t.Fatal(err)
				}
				s.change(archive.SealKey(2), func([]byte) []byte { return b })
			},
			nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, keys := built(t)
			test.damage(s, keys)
			r := s.verify()
			if r.OK() {
				t.Fatal("verify finds nothing")
			}
			if test.want == nil {
				return
			}
			got := map[string]string{}
			for _, p := range r.Problems {
				got[p.Key] += p.Text
			}
			for key, text := range test.want {
				if len(key) == 1 {
					key = keys[key[0]-'0']
				}
				if !strings.Contains(got[key], text) {
					t.Errorf("%s: problem %q, want %q", key, got[key], text)
				}
				delete(got, key)
			}
			maps.DeleteFunc(got, func(key, text string) bool { // what a damaged seal named
				return strings.Contains(key, "_000000000005_") && strings.Contains(text, "no seal that can be read names")
			})
			if len(got) > 0 {
				t.Errorf("further problems: %v", got)
			}
		})
	}
}

func TestVerifyNamesRemovedSealAndItsObjects(t *testing.T) {
	for _, n := range []uint64{0, 1, 3} {
		s, _ := built(t)
		want := map[string]bool{archive.SealKey(n): true}
		for _, o := range s.seal(n).Objects {
			want[o.Key] = true
		}
		s.remove(archive.SealKey(n))
		got := map[string]bool{}
		for _, p := range s.verify().Problems {
			got[p.Key] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seal %d removed: keys with problems (-want +got):\n%s", n, diff)
		}
	}
}

// Whoever cuts off the end leaves an archive that was whole once. The report
// names the last seal, which is to be compared with what was noted elsewhere.
func TestTruncatedTailIsNotSeenOffline(t *testing.T) {
	s, _ := built(t)
	whole := s.verify()
	last := whole.LastSeal
	for _, n := range []uint64{last, last - 1} {
		for _, o := range s.seal(n).Objects {
			s.remove(o.Key)
		}
		s.remove(archive.SealKey(n))
	}
	r := s.verify()
	if !r.OK() || r.LastSeal != last-2 || r.Head == whole.Head {
		t.Errorf("report: %+v", r)
	}
}

func TestVerifyOfNoArchive(t *testing.T) {
	s := newSite(t)
	r := s.verify()
	if len(r.Problems) != 1 || r.Problems[0].Key != archive.SealKey(0) {
		t.Errorf("problems: %+v", r.Problems)
	}
}

// addObject seals one more object with these lines, as a dishonest or faulty writer would.
func (s *site) addObject(lines string, count uint64, logical event.Hash) string {
	s.t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(lines)); err != nil {
		s.t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		s.t.Fatal(err)
	}
	n := s.verify().LastSeal
	seal := s.seal(n)
	prev, err := os.ReadFile(s.path(archive.SealKey(n)))
	if err != nil {
		s.t.Fatal(err)
	}
	key := "AuditLog/forged.ndjson.gz"
	seal.Number, seal.Prev, seal.Seq.After = n+1, sha256.Sum256(prev), seal.Seq.To
	seal.Objects = []archive.Object{{Key: key, Count: count, Logical: logical, SHA256: sha256.Sum256(b.Bytes()), Bytes: int64(b.Len()), Codec: "ndjson.gz"}}
	seal.Events, seal.Matched, seal.Scanned = count, count, []archive.Scanned{}
	for _, l := range s.verify().Lanes[:1] {
		seal.Scanned = append(seal.Scanned, archive.Scanned{Lane: event.Lane{Account: "x", Agent: l.Agent}, From: 1, To: 1, Events: count, Recent: "0000000000000000"})
	}
	seal.Total.Events += count
	seal.Total.Objects++
	seal.Total.Bytes += uint64(b.Len())
	data, err := seal.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	for name, content := range map[string][]byte{key: b.Bytes(), archive.SealKey(n + 1): data} {
		if err := os.WriteFile(s.path(name), content, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	return key
}

func TestVerifyReadsTheEvents(t *testing.T) {
	id := func(n int) string { return event.FormatUUID([16]byte{byte(n)}) }
	line := func(n int) string { return string((&event.Event{ID: id(n)}).AppendJSON(nil)) }
	leaf := func(line string) event.Hash { return sha256.Sum256([]byte("\x00" + line)) }
	tests := map[string]struct {
		lines   string
		count   uint64
		logical event.Hash
		want    string
	}{
		"good":              {line(1) + "\n", 1, leaf(line(1)), ""},
		"other events":      {line(1) + "\n", 1, leaf(line(2)), "its events have the hash"},
		"too few":           {line(1) + "\n", 2, leaf(line(1)), "it holds 1 events"},
		"too many":          {line(1) + "\n" + line(2) + "\n", 1, leaf(line(1)), "more than the 1 events"},
		"no line end":       {line(1), 1, leaf(line(1)), "does not end with a line end"},
		"not JSON":          {"x\n", 1, leaf("x"), "is no event"},
		"not canonical":     {" " + line(1) + "\n", 1, leaf(" " + line(1)), "not canonical"},
		"no id":             {`{"eventVersion":1}` + "\n", 1, leaf(`{"eventVersion":1}`), "no eventId"},
		"an id in a object": {line(1) + "\n" + line(1) + "\n", 2, sha256.Sum256(slices.Concat([]byte{1}, hashBytes(leaf(line(1))), hashBytes(leaf(line(1))))), "event " + id(1) + " is in"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.open()
			s.follow(s.open(), makeStream(4, 1))
			key := s.addObject(test.lines, test.count, test.logical)
			r := s.verify()
			switch {
			case test.want == "" && r.OK():
			case test.want != "" && len(r.Problems) == 1 && r.Problems[0].Key == key && strings.Contains(r.Problems[0].Text, test.want):
			default:
				t.Errorf("problems %+v, want one of %s with %q", r.Problems, key, test.want)
			}
		})
	}
}

func hashBytes(h event.Hash) []byte { return h[:] }

func TestVerifyFindsIDsThatComeTwiceInAnyMemory(t *testing.T) {
	s := newSite(t)
	s.cfg.RollBytes = 4000
	stream := makeStream(40, 9)
	for i := range stream {
		stream[i].Events[4].ID = "no uuid " + stream[i].Events[4].ID
	}
	// Two ids, one of them no UUID, come again in another lane.
	stream[30].Events[0].ID = stream[5].Events[7].ID
	stream[33].Events[0].ID = stream[8].Events[4].ID
	s.follow(s.open(), stream)
	b, err := file.Open(s.bucket)
	if err != nil {
		t.Fatal(err)
	}
	for _, memory := range []int{1, 50, 1 << 20} {
		temp := t.TempDir()
		o := archive.VerifyOptions{Now: s.clock.now, Temp: temp}
		o.SetIDs(memory)
		r, err := archive.Verify(t.Context(), b, o)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Problems) != 2 || !strings.Contains(r.Problems[0].Text+r.Problems[1].Text, stream[5].Events[7].ID) || !strings.Contains(r.Problems[0].Text, "already") {
			t.Errorf("with %d ids in memory: %+v", memory, r.Problems)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("verify left %v behind (%v)", left, err)
		}
	}
}

func TestVerifyWhileObjectsAreOnTheirWay(t *testing.T) {
	s := newSite(t)
	s.sealWithoutObjects(makeStream(10, 2))
	b, err := file.Open(s.bucket)
	if err != nil {
		t.Fatal(err)
	}
	for wait, pending := range map[time.Duration]bool{time.Second: true, time.Hour: false} {
		r, err := archive.Verify(t.Context(), b, archive.VerifyOptions{Now: func() time.Time { return s.clock.t.Add(wait) }})
		if err != nil {
			t.Fatal(err)
		}
		if r.OK() != pending || (len(r.Pending) > 0) != pending {
			t.Errorf("%s after the seal: pending %q, problems %+v", wait, r.Pending, r.Problems)
		}
	}
}

// rechain forges a seal and all after it, as one who can write all of the bucket would.
func (s *site) rechain(n uint64, change func(*archive.Seal)) {
	s.t.Helper()
	last := s.verify().LastSeal
	s.forge(n, change)
	for ; n < last; n++ {
		b, err := os.ReadFile(s.path(archive.SealKey(n)))
		if err != nil {
			s.t.Fatal(err)
		}
		s.forge(n+1, func(x *archive.Seal) { x.Prev = sha256.Sum256(b) })
	}
}

// A chain that was forged from some seal on still has to be of one piece.
func TestVerifyOfARechainedArchive(t *testing.T) {
	tests := map[string]struct {
		change func(x *archive.Seal, of3 archive.Object)
		want   string
	}{
		"nothing": {func(*archive.Seal, archive.Object) {}, ""},
		"batches left out": {func(x *archive.Seal, _ archive.Object) {
			x.Scanned[1].Events += x.Scanned[0].Events
			x.Scanned = x.Scanned[1:]
		}, "no gap is declared"},
		"batches again": {func(x *archive.Seal, _ archive.Object) {
			x.Scanned[0].From--
			x.Scanned[0].Recent += x.Scanned[0].Recent[:16]
			fixRecent(x)
		}, "no gap is declared"},
		"other batches": {func(x *archive.Seal, _ archive.Object) { x.Scanned[0].Prev[0] ^= 1 }, "does not follow batch"},
		"gap that is none": {func(x *archive.Seal, _ archive.Object) {
			x.Scanned[0].Gap = &archive.Range{From: 1, To: x.Scanned[0].From - 1}
		}, "it declares a gap from batch 1"},
		"seq left out":      {func(x *archive.Seal, _ archive.Object) { x.Seq.After++ }, "it scanned the stream after seq"},
		"seq beyond":        {func(x *archive.Seal, _ archive.Object) { x.Seq.To++ }, "it scanned the stream after seq"},
		"totals":            {func(x *archive.Seal, _ archive.Object) { x.Total.Bytes++ }, "its totals"},
		"other position":    {func(x *archive.Seal, _ archive.Object) { x.Scanned[1].Last[31] ^= 1 }, "does not follow batch"},
		"object left out":   {func(x *archive.Seal, _ archive.Object) { x.Matched -= x.Objects[0].Count; x.Objects = x.Objects[1:] }, "no seal names this object"},
		"amends no object":  {amend(func(o *archive.Object) { o.Key += "x" }), "which no seal names"},
		"amends the events": {amend(func(o *archive.Object) { o.Logical[0] ^= 1 }), "to hold other events"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, _ := built(t)
			of3 := s.seal(3).Objects[0]
			s.rechain(4, func(x *archive.Seal) { test.change(x, of3) })
			var texts string
			for _, p := range s.verify().Problems {
				texts += p.Text + "\n"
			}
			if test.want == "" && texts != "" || !strings.Contains(texts, test.want) {
				t.Errorf("problems:\n%.1000s\nwant %q", texts, test.want)
			}
		})
	}
}

func fixRecent(x *archive.Seal) {
	c := &x.Scanned[0]
	c.Recent = strings.Repeat("0", 16*int(c.To-c.From)) + c.Last.String()[:16]
}

// amend turns a seal into an amendment of what was made of an object of seal 3.
func amend(change func(*archive.Object)) func(*archive.Seal, archive.Object) {
	return func(x *archive.Seal, of3 archive.Object) {
		n := uint64(3)
		x.Amends, x.Scanned, x.Events, x.Matched, x.Seq.After = &n, []archive.Scanned{}, 0, 0, x.Seq.To
		x.Objects = []archive.Object{of3}
		change(&x.Objects[0])
	}
}

func TestVerifyComparesTheFullPosition(t *testing.T) {
	s := newSite(t)
	s.cfg.RollBytes = 1
	s.follow(s.open(), makeStream(256, 1))
	s.rechain(256, func(x *archive.Seal) {
		at := x.Full.Lanes[lane(1)]
		at.Number++
		x.Full.Lanes[lane(1)] = at
	})
	if r := s.verify(); len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Text, "its position is not that") {
		t.Errorf("problems: %+v", r.Problems)
	}
}
