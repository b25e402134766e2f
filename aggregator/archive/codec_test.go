package archive_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/event"
)

// forms are all ways to name and to store objects.
func forms() map[string]archive.Config {
	return map[string]archive.Config{
		"oss":             {Layout: layout.OSS},
		"cloudtrail":      {Layout: layout.CloudTrail},
		"hive":            {Layout: layout.Hive},
		"hive zstd":       {Layout: layout.Hive, Codec: archive.NDJSONZstd},
		"actiontrail zst": {Codec: archive.NDJSONZstd},
		"hive parquet":    {Layout: layout.Hive, Codec: archive.Parquet},
		"oss parquet":     {Layout: layout.OSS, Codec: archive.Parquet},
	}
}

// key is a pair of age, always the same.
const (
	agePublic  = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
	ageSecret  = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
	otherAgeSK = "AGE-SECRET-KEY-1XMWWC06LY3EE5RYTXM9MFLAZ2U56JJJ36S0MYPDRWSVLUL66MV4QX3S7F6"
)

func identities(t *testing.T, keys ...string) archive.Identities {
	t.Helper()
	all, err := archive.ParseIdentities(strings.NewReader(strings.Join(keys, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// events are the ids in the archive, with how often each comes.
func (s *site) events(ids archive.Identities) (map[string]int, []archive.Problem) {
	s.t.Helper()
	b, err := file.Open(s.bucket)
	if err != nil {
		s.t.Fatal(err)
	}
	got := map[string]int{}
	problems, err := archive.Events(s.t.Context(), b, ids, func(_ archive.SeqRange, e event.Event) error { got[e.ID]++; return nil })
	if err != nil {
		s.t.Fatal(err)
	}
	return got, problems
}

func (s *site) verifyWith(ids archive.Identities) archive.Report {
	s.t.Helper()
	b, err := file.Open(s.bucket)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := archive.Verify(s.t.Context(), b, archive.VerifyOptions{Now: func() time.Time { return s.clock.t.Add(time.Hour) }, Identities: ids})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// In each form the archive holds each event once, and is recovered after its last
// objects and what was staged are gone: with the same bytes, and with others.
func TestForms(t *testing.T) {
	stream := makeStream(30, 5)
	want := map[string]int{}
	for _, b := range stream {
		for _, e := range b.Events {
			want[e.ID]++
		}
	}
	for name, form := range forms() {
		for _, encrypted := range []bool{false, true} {
			for _, level := range []int{0, 1} {
				t.Run(fmt.Sprintf("%s encrypted=%v level=%d", name, encrypted, level), func(t *testing.T) {
					s := newSite(t)
					s.cfg.Layout, s.cfg.Codec = form.Layout, form.Codec
					var ids archive.Identities
					if encrypted {
						s.cfg.Recipients, ids = []string{agePublic}, identities(t, otherAgeSK, ageSecret)
					}
					a := s.open()
					s.follow(a, stream[:20])
					last := s.seal(a.Status().LastSeal)
					for last.Number > 0 && len(last.Objects) == 0 {
						last = s.seal(last.Number - 1)
					}
					if last.Number != a.Status().LastSeal {
						t.Fatal("the last seal names no object")
					}
					before := map[string][]byte{}
					for _, o := range last.Objects {
						data, err := os.ReadFile(s.path(o.Key))
						if err != nil {
							t.Fatal(err)
						}
						before[o.Key] = data
						s.remove(o.Key)
					}
					// The configuration is another one by now; what is made again is as the seal says.
					if err := os.RemoveAll(s.cfg.Staging); err != nil {
						t.Fatal(err)
					}
					kept := s.cfg
					s.cfg.Layout, s.cfg.Codec, s.cfg.Recipients = "", "", nil
					if level > 0 {
						s.cfg.SetLevel(level)
					}
					a = s.open()
					s.follow(a, stream[:20])
					for key, data := range before {
						again, err := os.ReadFile(s.path(key))
						if err != nil {
							t.Fatal(err)
						}
						if same := bytes.Equal(data, again); same != (!encrypted && level == 0) {
							t.Errorf("%s: same bytes %v", key, same)
						}
					}
					s.cfg = kept
					a = s.open()
					s.follow(a, stream)
					got, problems := s.events(ids)
					if diff := cmp.Diff(want, got); diff != "" || len(problems) > 0 {
						t.Errorf("%v\n%s", problems, diff)
					}
					r := s.verifyWith(ids)
					if !r.OK() || r.Events != uint64(len(want)) || r.Closed != 0 {
						t.Errorf("%d events, %d closed: %v", r.Events, r.Closed, r.Problems)
					}
					s.readers(form.Layout, encrypted)
				})
			}
		}
	}
}

// readers looks at objects as other tools do.
func (s *site) readers(l layout.Layout, encrypted bool) {
	s.t.Helper()
	n := 0
	for key := range s.objects() {
		if l != "" && strings.HasPrefix(key, "AuditLog/") {
			continue // of the time when the configuration was another
		}
		n++
		data, err := os.ReadFile(s.path(key))
		if err != nil {
			s.t.Fatal(err)
		}
		if encrypted != bytes.HasPrefix(data, []byte("age-encryption.org/v1\n")) || encrypted != strings.HasSuffix(key, ".age") {
			s.t.Errorf("%s begins with %q", key, data[:min(20, len(data))])
		}
		if encrypted || l != layout.CloudTrail {
			continue
		}
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			s.t.Fatal(err)
		}
		z.Multistream(false)
		text, err := io.ReadAll(z)
		if err != nil {
			s.t.Fatal(err)
		}
		var log struct {
			Records []struct {
				EventID, EventName, EventVersion, EventTime string
				UserIdentity                                map[string]any
				ReadOnly                                    bool
			}
		}
		if err := json.Unmarshal(text, &log); err != nil || len(log.Records) == 0 {
			s.t.Fatalf("%s: %v, %d records", key, err, len(log.Records))
		}
		for _, r := range log.Records {
			if r.EventID == "" || r.EventName != "StopInstance" || r.EventVersion == "" || r.EventTime == "" {
				s.t.Errorf("%s: %+v", key, r)
			}
		}
	}
	if n == 0 {
		s.t.Error("there are no objects")
	}
}

// Without an identity the stored bytes are checked, and the report says that no more was.
func TestClosedObjects(t *testing.T) {
	s := newSite(t)
	s.cfg.Recipients = []string{agePublic}
	stream := makeStream(10, 5)
	s.follow(s.open(), stream)
	for name, ids := range map[string]archive.Identities{"none": nil, "another": identities(t, otherAgeSK)} {
		r := s.verifyWith(ids)
		if !r.OK() || r.Events != 0 || r.Closed == 0 || r.Closed != r.Objects || r.ClosedEvents != 50 {
			t.Errorf("%s: %d events, %d of %d objects closed with %d events: %v", name, r.Events, r.Closed, r.Objects, r.ClosedEvents, r.Problems)
		}
		if got, problems := s.events(ids); len(got) > 0 || len(problems) != int(r.Objects) {
			t.Errorf("%s: %d events were read, %d problems", name, len(got), len(problems))
		}
	}
	var key string
	for key = range s.objects() {
		break
	}
	s.change(key, func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
	for _, ids := range []archive.Identities{nil, identities(t, ageSecret)} {
		if r := s.verifyWith(ids); len(r.Problems) != 1 || r.Problems[0].Key != key {
			t.Errorf("a changed byte: %v", r.Problems)
		}
	}
}

func TestWrongForms(t *testing.T) {
	for want, change := range map[string]func(*archive.Config){
		"does not go with":        func(c *archive.Config) { c.Layout, c.Codec = layout.CloudTrail, archive.NDJSONZstd },
		"layout cloudtrail does":  func(c *archive.Config) { c.Layout, c.Codec = layout.CloudTrail, archive.Parquet },
		"layout hive does not":    func(c *archive.Config) { c.Layout, c.Codec = layout.Hive, archive.CloudTrailGzip },
		"is no public key of age": func(c *archive.Config) { c.Recipients = []string{"age1x"} },
		"is there twice":          func(c *archive.Config) { c.Recipients = []string{agePublic, agePublic} },
		"is not supported":        func(c *archive.Config) { c.Codec = "orc" },
		"cannot be":               func(c *archive.Config) { c.Keep = &archive.Keep{Lock: "forever", Days: 1} },
	} {
		s := newSite(t)
		change(&s.cfg)
		if _, err := archive.Open(t.Context(), s.cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := archive.ParseIdentities(strings.NewReader("nonsense")); err == nil {
		t.Error("nonsense is an identity")
	}
}
