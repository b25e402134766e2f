package archive_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
)

// vault is a folder that knows locks.
type vault struct {
	*file.Bucket
	locks map[string]lock // what is not in it is locked by default
	other lock
}

type lock struct {
	mode  string
	until time.Time
	err   error
}

func (v vault) Retention(_ context.Context, key string) (string, time.Time, error) {
	l, ok := v.locks[key]
	if !ok {
		l = v.other
	}
	return l.mode, l.until, l.err
}

func TestLocksAreVerified(t *testing.T) {
	s := newSite(t)
	s.cfg.Keep = &archive.Keep{Lock: "compliance", Days: 10}
	s.follow(s.open(), makeStream(6, 3))
	last := s.seal(1)
	if last.Version != 3 || last.Keep == nil || *last.Keep != *s.cfg.Keep || len(last.Objects) == 0 {
		t.Fatalf("%+v", last)
	}
	object, seal := last.Objects[0].Key, archive.SealKey(1)
	enough := lock{"compliance", s.clock.t.Add(11 * 24 * time.Hour), nil}
	short := last.Time.Add(10*24*time.Hour - time.Second)
	b, err := file.Open(s.bucket)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(b archive.Bucket, now time.Time) archive.Report {
		r, err := archive.Verify(t.Context(), b, archive.VerifyOptions{Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for name, c := range map[string]struct {
		locks map[string]lock
		want  string // in the problem of the object and the seal; "": there is none
	}{
		"all locked":       {nil, ""},
		"none":             {map[string]lock{object: {}, seal: {}}, "it is not locked: its seal says compliance for 10 days"},
		"less than asked":  {map[string]lock{object: {"governance", enough.until, nil}, seal: {"governance", enough.until, nil}}, "its lock is governance"},
		"too short":        {map[string]lock{object: {"compliance", short, nil}, seal: {"compliance", short, nil}}, "it is locked until"},
		"cannot be looked": {map[string]lock{object: {err: errors.New("denied")}, seal: {err: errors.New("denied")}}, "its lock cannot be read: denied"},
	} {
		r := verify(vault{b, c.locks, enough}, s.clock.t)
		var keys []string
		for _, p := range r.Problems {
			keys = append(keys, p.Key)
			if !strings.Contains(p.Text, c.want) {
				t.Errorf("%s: %s: %s", name, p.Key, p.Text)
			}
		}
		if want := seal + " " + object; c.want == "" && len(keys) > 0 || c.want != "" && strings.Join(keys, " ") != want {
			t.Errorf("%s: problems of %q", name, keys)
		}
		if r.LocksUnchecked {
			t.Errorf("%s: nobody looked", name)
		}
	}
	if r := verify(vault{Bucket: b}, s.clock.t.Add(11*24*time.Hour)); !r.OK() {
		t.Errorf("when the locks have ended: %v", r.Problems)
	}
	if r := verify(b, s.clock.t); !r.OK() || !r.LocksUnchecked {
		t.Errorf("a copy in a folder: unchecked %v, %v", r.LocksUnchecked, r.Problems)
	}
}

// What expires by a rule that was sealed may be gone, and nothing else.
func TestExpiry(t *testing.T) {
	for name, c := range map[string]struct {
		first, then *archive.Keep // while the first half, and the second, was written
		after       time.Duration
		want        bool // an object of the first seal may be gone
	}{
		"no rule":               {nil, nil, 1000 * 24 * time.Hour, false},
		"too early":             {&archive.Keep{Expire: 10}, &archive.Keep{Expire: 10}, 9 * 24 * time.Hour, false},
		"due":                   {&archive.Keep{Expire: 10}, &archive.Keep{Expire: 10}, 10 * 24 * time.Hour, true},
		"a rule of later":       {nil, &archive.Keep{Expire: 10}, 10 * 24 * time.Hour, true},
		"a longer one of later": {&archive.Keep{Expire: 10}, &archive.Keep{Expire: 100}, 11 * 24 * time.Hour, true},
		"a shorter one":         {&archive.Keep{Expire: 100}, &archive.Keep{Expire: 10}, 11 * 24 * time.Hour, true},
	} {
		s := newSite(t)
		stream := makeStream(6, 3)
		s.cfg.Keep = c.first
		s.follow(s.open(), stream[:3])
		s.cfg.Keep = c.then
		s.follow(s.open(), stream)
		first := s.seal(1)
		key := first.Objects[0].Key
		s.remove(key)
		s.clock.t = first.Time.Add(c.after + 3*time.Hour) // both halves were written within
		r := s.verify()
		if r.OK() != c.want || c.want && (r.Expired != 1 || r.ExpiredEvents != first.Objects[0].Count) {
			t.Errorf("%s: %d expired, %v", name, r.Expired, r.Problems)
		}
	}
	// A rule that had been given up before the object was made is none.
	s := newSite(t)
	stream := makeStream(6, 3)
	s.cfg.Keep = &archive.Keep{Expire: 10}
	s.follow(s.open(), stream[:3])
	s.cfg.Keep = nil
	a := s.open()
	s.follow(a, stream)
	last := s.seal(a.Status().LastSeal)
	s.remove(last.Objects[0].Key)
	s.clock.pass(1000 * 24 * time.Hour)
	if r := s.verify(); r.OK() {
		t.Error("an object without expiry may be gone")
	}
}
