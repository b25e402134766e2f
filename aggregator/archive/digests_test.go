package archive_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/aggregator/archive/logdigest"
	"github.com/actiontrail/actiontrail/event"
)

// digestKey is an RSA key for all tests: it takes long to draw. Never changed.
var digestKey = sync.OnceValues(logdigest.NewKey)

func newDigested(t *testing.T) *site {
	s, _ := newLogged(t)
	key, err := digestKey()
	if err != nil {
		t.Fatal(err)
	}
	s.cfg.Layout, s.cfg.Codec = layout.CloudTrail, archive.CloudTrailGzip
	s.cfg.Digests = &archive.DigestConfig{Bucket: "audit", Prefix: "prod/", Home: "cn-hangzhou", Keys: []*logdigest.Key{key}}
	return s
}

// digests are the digests in the bucket, with their content.
func (s *site) digests() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for key := range s.bucketKeys("AWSLogs/") {
		if logdigest.IsDigest(key) {
			out[strings.TrimPrefix(key, "AWSLogs/")] = read(s, key)
		}
	}
	return out
}

// TestDigestsAfterCrashes ends the process at each fifth step, or makes it fail there: the digests are always the same.
func TestDigestsAfterCrashes(t *testing.T) {
	stream := crashStream()
	whole := newDigested(t)
	whole.cfg.RollBytes = 4000
	whole.follow(whole.open(), stream)
	if r := whole.verify(); !r.OK() || r.Digests.Digests == 0 || r.Digests.Logs == 0 {
		t.Fatalf("verify: %+v, %+v", r.Problems, r.Digests)
	}
	for _, crash := range []bool{true, false} {
		for step := 1; ; step += 5 {
			s := newDigested(t)
			s.cfg.RollBytes = 4000
			f := &faults{crash: crash, plan: func(n int) (bool, bool) { return n == step && step%2 == 0, n == step && step%2 == 1 }}
			s.plant(f)
			a, err := archive.Open(t.Context(), s.cfg)
			if err == nil {
				err = s.once(a, stream)
			}
			if err == nil && f.step < step {
				break
			}
			if crash || a == nil {
				if err := os.RemoveAll(s.logFolder()); err != nil {
					t.Fatal(err)
				}
				s.plant(&faults{plan: none})
				a = s.open()
			}
			s.follow(a, stream)
			s.clock.pass(time.Hour)
			if r := s.verify(); !r.OK() {
				t.Fatalf("a fault at step %d: %+v", step, r.Problems)
			}
			hours := map[string]bool{}
			for key := range s.digests() {
				hours[key[strings.LastIndexByte(key, '_'):]] = true
			}
			if len(hours) < 2 {
				t.Fatalf("a fault at step %d: digests of the hours %v", step, hours)
			}
		}
	}
}

// Each hour has a digest for each account and region that had one, and they are the same whoever writes them.
func TestDigestsOfTwoWriters(t *testing.T) {
	one, two := newDigested(t), newDigested(t)
	stream := makeStream(9, 2)
	for _, s := range []*site{one, two} {
		s.cfg.RollBytes = 1
		a := s.open()
		for i := range stream {
			s.clock.pass(25 * time.Minute)
			if s == two && i%2 == 0 { // it starts again and again, with nothing but the bucket
				if err := errors.Join(os.RemoveAll(s.logFolder()), os.RemoveAll(s.cfg.Staging)); err != nil {
					t.Fatal(err)
				}
				a = s.open()
			}
			if err := a.Write(t.Context(), stream[i:i+1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(keysOf(one.digests()), keysOf(two.digests())); diff != "" {
		t.Errorf("digests (-one +two):\n%s", diff)
	}
	for _, s := range []*site{one, two} {
		if r := s.verify(); !r.OK() || r.Digests.Digests < 9 {
			t.Errorf("verify: %+v, %+v", r.Problems, r.Digests)
		}
	}
}

// A clock is set back, and the process starts again and again within the hour: what is
// sealed then stays in the hour that had begun, whoever looks.
func TestDigestsWithAClockSetBack(t *testing.T) {
	// By how much the clock moves before each batch.
	moves := []time.Duration{0, 10 * time.Minute, 70 * time.Minute, -15 * time.Minute, 5 * time.Minute, -2 * time.Hour, 10 * time.Minute, 10 * time.Minute, 3 * time.Hour, -70 * time.Minute, 75 * time.Minute, time.Hour, time.Hour}
	stream := makeStream(len(moves), 2)
	var all []map[string]string
	for _, again := range []int{100, 1, 2, 3} {
		s := newDigested(t)
		s.cfg.RollBytes = 1
		a := s.open()
		for i, move := range moves {
			s.clock.pass(move)
			if i%again == again-1 {
				if err := errors.Join(os.RemoveAll(s.logFolder()), os.RemoveAll(s.cfg.Staging)); err != nil {
					t.Fatal(err)
				}
				a = s.open()
			}
			if err := errors.Join(a.Write(t.Context(), stream[i:i+1]), a.Seal(t.Context())); err != nil {
				t.Fatalf("started again with each %d of the batches, at batch %d: %v", again, i, err)
			}
		}
		if r := s.verify(); !r.OK() || r.Digests.Digests < 4 {
			t.Errorf("started again with each %d of the batches: %+v, %+v", again, r.Problems, r.Digests)
		}
		all = append(all, s.digests())
	}
	for _, other := range all[1:] {
		if diff := cmp.Diff(keysOf(all[0]), keysOf(other)); diff != "" {
			t.Errorf("digests (-without a start +with):\n%s", diff)
		}
	}
}

// The key of digests is named in the midst of an hour: what was sealed before is in no digest, after a start neither.
func TestDigestsBegunWithinAnHour(t *testing.T) {
	s := newDigested(t)
	s.cfg.RollBytes = 1
	digests := s.cfg.Digests
	stream := makeStream(12, 2)
	for i := range stream {
		if s.cfg.Digests = digests; i < 3 {
			s.cfg.Digests = nil
		}
		a := s.open()
		s.clock.pass(8 * time.Minute)
		if err := errors.Join(a.Write(t.Context(), stream[i:i+1]), a.Seal(t.Context())); err != nil {
			t.Fatalf("batch %d: %v", i, err)
		}
	}
	if r := s.verify(); !r.OK() || r.Digests.Digests == 0 {
		t.Errorf("verify: %+v, %+v", r.Problems, r.Digests)
	}
}

func keysOf(m map[string]string) map[string]bool {
	out := map[string]bool{}
	for k := range m {
		out[k] = true
	}
	return out
}

func TestDigestsAreRefused(t *testing.T) {
	s := newDigested(t)
	s.cfg.RollBytes = 1
	a := s.open()
	stream := makeStream(8, 2)
	write := func(n int) error {
		s.clock.pass(25 * time.Minute)
		return a.Write(t.Context(), stream[n:n+1])
	}
	for i := range 6 {
		if err := write(i); err != nil {
			t.Fatal(err)
		}
	}
	// The newest log file is edited before the digest of its hour is made: that must not sign it.
	var newest string
	for _, o := range s.seal(6).Objects {
		newest = o.Key
	}
	good := read(s, newest)
	s.change(newest, func([]byte) []byte { return []byte(read(s, s.seal(5).Objects[0].Key)) })
	var failed error
	for i := 6; i < 8 && failed == nil; i++ {
		failed = write(i)
	}
	if failed == nil || !strings.Contains(failed.Error(), "its bytes are not those that its seal names") {
		t.Fatalf("a log file that was edited is signed: %v", failed)
	}
	s.change(newest, func([]byte) []byte { return []byte(good) })
	s.follow(a, stream)
	if r := s.verify(); !r.OK() {
		t.Errorf("verify: %+v", r.Problems)
	}
	// Another key, and nobody has the old one.
	key, err := logdigest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	old := s.cfg.Digests.Keys
	s.cfg.Digests.Keys = []*logdigest.Key{key}
	if _, err := archive.Open(t.Context(), s.cfg); err == nil || !strings.Contains(err.Error(), "is not of this archive") {
		t.Errorf("without the key of before it opens with %v", err)
	}
	s.cfg.Digests.Keys = append(s.cfg.Digests.Keys, old...)
	s.follow(s.open(), append(stream, moreStream(stream)...))
	if r := s.verify(); !r.OK() || r.Digests.Keys != 2 {
		t.Errorf("verify after a rotation: %+v, %+v", r.Problems, r.Digests)
	}
}

// moreStream goes on after a stream.
func moreStream(stream []event.Batch) []event.Batch {
	return makeStream(len(stream)+6, 2)[len(stream):]
}

func TestVerifyFindsInTheDigests(t *testing.T) {
	tests := map[string]struct {
		damage func(s *site, keys []string)
		want   string
	}{
		"nothing":      {func(*site, []string) {}, ""},
		"one byte":     {func(s *site, k []string) { s.change(k[1], func(b []byte) []byte { b[len(b)/2] ^= 1; return b }) }, "it is not gzip"},
		"one removed":  {func(s *site, k []string) { s.remove(k[1]) }, "it is missing: each hour has a digest"},
		"one in place": {func(s *site, k []string) { s.change(k[1], func([]byte) []byte { return []byte(read(s, k[0])) }) }, "its signature is wrong"},
		"re-signed": {func(s *site, k []string) {
			key, err := digestKey()
			if err != nil {
				s.t.Fatal(err)
			}
			chain := logdigest.Chain{Account: "prod", Region: "cn-hangzhou", Trail: "all", Home: "cn-hangzhou", Bucket: "audit", Prefix: "prod/"}
			b := openBucket(s.t, s)
			info, err := b.Head(s.t.Context(), k[0])
			if err != nil {
				s.t.Fatal(err)
			}
			before, err := logdigest.Read([]byte(read(s, k[0])), info.User, []logdigest.PublicKey{key.Public()})
			if err != nil {
				s.t.Fatal(err)
			}
			end, err := time.Parse(time.RFC3339, before.End)
			if err != nil {
				s.t.Fatal(err)
			}
			m, err := chain.Make(key, end, []logdigest.Log{{Key: "AWSLogs/more"}}, before)
			if err != nil {
				s.t.Fatal(err)
			}
			stored, err := m.Stored()
			if err != nil {
				s.t.Fatal(err)
			}
			s.remove(k[1])
			w, err := file.New(s.bucket)
			if err != nil {
				s.t.Fatal(err)
			}
			if err := w.Create(s.t.Context(), k[1], bytes.NewReader(stored), archive.Meta{Bytes: int64(len(stored)), SHA256: sha256.Sum256(stored), User: m.Meta()}); err != nil {
				s.t.Fatal(err)
			}
		}, "it names other log files than the seals of its hour; it does not follow the digest of the hour before"},
		"another hour":    {func(s *site, k []string) { s.put(strings.Replace(k[1], "T10", "T23", 1), []byte(read(s, k[1]))) }, "no hour of the seals has this digest"},
		"another account": {func(s *site, k []string) { s.put(strings.Replace(k[1], "prod", "x", 2), []byte(read(s, k[1]))) }, "no hour of the seals has this digest"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newDigested(t)
			s.cfg.RollBytes = 1
			a := s.open()
			stream := makeStream(14, 2)
			for i := range stream {
				s.clock.pass(25 * time.Minute)
				if err := a.Write(t.Context(), stream[i:i+1]); err != nil {
					t.Fatal(err)
				}
			}
			var keys []string
			for key := range s.digests() {
				if strings.HasPrefix(key, "prod/CloudTrail-Digest/cn-hangzhou/") {
					keys = append(keys, "AWSLogs/"+key)
				}
			}
			if len(keys) < 3 {
				t.Fatalf("digests: %q", keys)
			}
			slices.Sort(keys)
			test.damage(s, keys)
			r := s.verify()
			text := ""
			for _, p := range r.Problems {
				text += p.Text + "; "
			}
			if (test.want == "") != r.OK() || !strings.Contains(text, test.want) {
				t.Errorf("problems %s, want %q", text, test.want)
			}
		})
	}
}
