package bundle_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/bundle"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

const origin = "actiontrail/prod/security/file"

// site is an archive that grows by hand: an event a minute, and a seal every ten.
type site struct {
	t      *testing.T
	a      *archive.Archive
	bucket archive.Bucket
	key    transparency.Key
	dir    string
	begin  time.Time
	now    time.Time
	n      int
	prev   event.Hash
	batch  uint64
	gap    bool          // the next batch skips a number
	skew   time.Duration // of the clock of the source
}

func newSite(t *testing.T) *site { return newSiteOf(t, 1) }

// newSiteOf is a site with a key of that seed.
func newSiteOf(t *testing.T, seed byte) *site {
	t.Helper()
	root := t.TempDir()
	s := &site{t: t, dir: filepath.Join(root, "archive"), begin: time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC), key: transparency.NewKey([32]byte{seed}, time.Time{})}
	s.now = s.begin
	b, err := file.New(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	s.bucket = b
	s.a, err = archive.Open(t.Context(), archive.Config{Trail: "security", Bucket: b, Staging: filepath.Join(root, "staging"), Parse: query.Parse, RollBytes: 1,
		Log: &archive.LogConfig{Origin: origin, Keys: func() ([]transparency.Key, error) { return []transparency.Key{s.key}, nil }, File: filepath.Join(root, "log.json")},
		Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	actors  = []string{"alice@example.com", "bob", "ci-deployer", "<script>alert(1)</script>"}
	actions = [][2]string{{"Ecs", "StopInstance"}, {"Ram", "AttachPolicyToUser"}, {"Ecs", "RunInstances"}, {"Oss", "DeleteBucket"}, {"Kms", "ScheduleKeyDeletion"}}
)

// grow adds seals of so many events each.
func (s *site) grow(seals, events int) {
	s.t.Helper()
	for range seals {
		s.batch++
		number := s.batch
		if s.gap {
			s.batch++
			number, s.gap = s.batch, false
		}
		x := event.Batch{Lane: event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: "UKEY", Epoch: 41}, Number: number, Prev: s.prev, Hash: event.Hash{byte(s.batch), byte(s.batch >> 8), 1}, Seq: s.batch}
		for i := range events {
			at := s.now.Add(s.skew + time.Duration(i)*10*time.Minute/time.Duration(events))
			e := event.Event{ID: event.FormatUUID([16]byte{12: byte(s.n >> 24), 13: byte(s.n >> 16), 14: byte(s.n >> 8), 15: byte(s.n)}), Type: event.TypeAPICall, RW: event.Write, Time: event.At(at, 3), SourceIP: fmt.Sprintf("192.0.2.%d", s.n%200),
				Service: actions[s.n%5][0], Name: actions[s.n%5][1], ResourceType: "ACS::ECS::Instance", ResourceName: fmt.Sprintf("i-%d", s.n), Identity: event.Identity{Type: "ram-user", UserName: actors[s.n%4], Trust: event.TrustVerified}}
			if s.n%7 == 0 {
				e.ErrorCode, e.ErrorMessage = "Forbidden.RAM", "not allowed"
			}
			x.Events = append(x.Events, e)
			s.n++
		}
		s.prev = x.Hash
		s.now = s.now.Add(10 * time.Minute)
		if err := s.a.Write(s.t.Context(), []event.Batch{x}); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *site) vkey() string {
	s.t.Helper()
	k, err := s.key.VKey(origin)
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

func (s *site) request(from, to time.Duration, where string) bundle.Request {
	s.t.Helper()
	r := bundle.Request{Bucket: s.bucket, Trail: "security", Delivery: "file", Tool: "actiontrail test", From: s.begin.Add(from), To: s.begin.Add(to), Late: time.Hour, Where: where,
		Checkpoint: []byte(s.a.Status().Checkpoint), Keys: []transparency.Key{s.key}, Now: func() time.Time { return s.now }, Temp: s.t.TempDir()}
	if where != "" {
		var err error
		if r.Filter, err = query.Parse(where); err != nil {
			s.t.Fatal(err)
		}
	}
	return r
}

func write(t *testing.T, r bundle.Request) ([]byte, *bundle.Manifest) {
	t.Helper()
	var b bytes.Buffer
	m, err := bundle.Write(t.Context(), &b, r)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m
}

func verify(t *testing.T, data []byte, keys ...string) *bundle.Result {
	t.Helper()
	r, err := bundle.Verify(t.Context(), bytes.NewReader(data), int64(len(data)), bundle.Options{Keys: keys, Parse: query.Parse})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// members are the files of a zip, in order.
func members(t *testing.T, data []byte) (names []string, content map[string][]byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	content = map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if content[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name)
	}
	return names, content
}

func pack(t *testing.T, names []string, content map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(content[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A bundle has the events of its period and query, in whole and in part of objects,
// and verifies with the published key.
func TestBundle(t *testing.T) {
	s := newSite(t)
	s.grow(20, 10)
	old := []byte(s.a.Status().Checkpoint)
	s.gap = true
	s.grow(10, 10)
	for _, c := range []struct {
		from, to time.Duration
		where    string
		want     uint64
	}{
		{0, 5 * time.Hour, "", 300}, {time.Hour, 2 * time.Hour, "", 60}, {65 * time.Minute, 118 * time.Minute, "", 53}, {0, 10 * time.Hour, "errorCode: *", 43},
		{0, 10 * time.Hour, "userIdentity.userName: nobody", 0}, {time.Hour, 61 * time.Minute, "", 1},
	} {
		r := s.request(c.from, c.to, c.where)
		r.Witnessed = []bundle.Witnessed{{Name: "nats", Note: old}}
		data, m := write(t, r)
		got := verify(t, data, s.vkey())
		if m.Events != c.want || got.Events != c.want || !got.OK() || got.Judged != "keys" || len(got.Witnesses) != 1 || got.Witnesses[0].Seals != 21 {
			t.Errorf("%s to %s, %q: %d events, want %d; %+v", c.from, c.to, c.where, m.Events, c.want, got)
		}
		if own := verify(t, data); !own.OK() || own.Judged != "bundle" {
			t.Errorf("by its own key: %+v", own)
		}
		_, content := members(t, data)
		if n := bytes.Count(content["events.ndjson"], []byte("\n")); uint64(n) != c.want {
			t.Errorf("%d lines, want %d", n, c.want)
		}
		page := string(content["report.html"])
		for _, no := range []string{"<script", "http://", "https://", "src=", "url(", "ZgotmplZ"} {
			if strings.Contains(page, no) {
				t.Errorf("the report has %s", no)
			}
		}
		if c.want == 300 {
			for _, want := range []string{"&lt;script&gt;alert(1)", "Read this first", "21", "Forbidden.RAM", "Ecs:StopInstance", "All 300"} {
				if !strings.Contains(page, want) {
					t.Errorf("the report has no %q", want)
				}
			}
			if keep := os.Getenv("ACTIONTRAIL_KEEP_BUNDLE"); keep != "" {
				if err := os.WriteFile(keep, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if _, err := bundle.Write(t.Context(), io.Discard, s.request(100*time.Hour, 200*time.Hour, "")); !errors.Is(err, bundle.ErrNothing) {
		t.Errorf("of a time to come: %v", err)
	}
}

// An event that came late is there as far as was asked for, and so is one of a
// clock that is ahead.
func TestLateEvents(t *testing.T) {
	s := newSite(t)
	s.grow(3, 1)
	s.skew = 12 * time.Minute
	s.grow(1, 1) // of minute 42, sealed in minute 40
	s.skew = -2 * time.Hour
	s.grow(1, 1) // of minute -80, sealed in minute 50
	for _, c := range []struct {
		from, to, late time.Duration
		want           uint64
	}{{41 * time.Minute, 43 * time.Minute, 0, 1}, {-90 * time.Minute, -70 * time.Minute, time.Hour, 0}, {-90 * time.Minute, -70 * time.Minute, 3 * time.Hour, 1}} {
		r := s.request(c.from, c.to, "")
		r.Late = c.late
		data, m := write(t, r)
		if got := verify(t, data, s.vkey()); m.Events != c.want || !got.OK() {
			t.Errorf("%s to %s, %s late: %d events of seals %d to %d, want %d; %s", c.from, c.to, c.late, m.Events, m.Seals.First, m.Seals.Last, c.want, problems(got))
		}
	}
}

// Each thing that somebody could change is found, also by one who makes the manifest anew.
func TestTamperedBundle(t *testing.T) {
	s := newSite(t)
	s.grow(12, 10)
	r := s.request(25*time.Minute, 95*time.Minute, "")
	data, _ := write(t, r)
	line := func(c map[string][]byte, n int) []byte { return bytes.SplitAfter(c["events.ndjson"], []byte("\n"))[n] }
	cases := map[string]struct {
		do   func(c map[string][]byte)
		want string
	}{
		"an event edited": {func(c map[string][]byte) {
			c["events.ndjson"] = bytes.Replace(c["events.ndjson"], []byte("i-33"), []byte("i-99"), 1)
		}, "one was edited, removed or added"},
		"an event removed":        {func(c map[string][]byte) { c["events.ndjson"] = bytes.Replace(c["events.ndjson"], line(c, 7), nil, 1) }, "one was edited, removed or added"},
		"the last event removed":  {func(c map[string][]byte) { c["events.ndjson"] = bytes.TrimSuffix(c["events.ndjson"], line(c, 69)) }, "an event was removed"},
		"an event added":          {func(c map[string][]byte) { c["events.ndjson"] = append(bytes.Clone(c["events.ndjson"]), line(c, 3)...) }, "events were added behind the last one"},
		"an event added in front": {func(c map[string][]byte) { c["events.ndjson"] = append(bytes.Clone(line(c, 3)), c["events.ndjson"]...) }, "one was edited, removed or added"},
		"a cut line":              {func(c map[string][]byte) { c["events.ndjson"] = c["events.ndjson"][:len(c["events.ndjson"])-9] }, "has no end"},
		"the report edited": {func(c map[string][]byte) {
			c["report.html"] = bytes.Replace(c["report.html"], []byte("Forbidden"), []byte("succeeded"), 1)
		}, "report.html: its bytes"},
		"a seal edited": {func(c map[string][]byte) {
			c["seals.ndjson"] = bytes.Replace(c["seals.ndjson"], []byte(`"events":10`), []byte(`"events":11`), 1)
		}, "seals.ndjson: "},
		"a seal written anew": {func(c map[string][]byte) {
			first, rest, _ := bytes.Cut(c["seals.ndjson"], []byte("\n"))
			forged, err := archive.DecodeSeal(append(first, '\n'))
			if err != nil {
				t.Fatal(err)
			}
			forged.Filter = "eventRW: Write"
			text, err := forged.Encode()
			if err != nil {
				t.Fatal(err)
			}
			c["seals.ndjson"] = append(text, rest...)
		}, "they are not the seals 2 to 12 that the checkpoint was signed over"},
		"a seal removed": {func(c map[string][]byte) {
			c["seals.ndjson"] = c["seals.ndjson"][bytes.IndexByte(c["seals.ndjson"], '\n')+1:]
		}, "stands where seal"},
		"another proof": {func(c map[string][]byte) {
			c["objects.ndjson"] = bytes.Replace(c["objects.ndjson"], []byte("[[5,10]]"), []byte("[[6,10]]"), 1)
		}, "events.ndjson: object"},
		"the proof of an object": {func(c map[string][]byte) {
			c["objects.ndjson"] = c["objects.ndjson"][:bytes.LastIndexByte(c["objects.ndjson"][:len(c["objects.ndjson"])-1], '\n')+1]
		}, "says nothing of object"},
		"the proof of the seals": {func(c map[string][]byte) {
			c["log.json"] = bytes.Replace(c["log.json"], []byte(`    "`), []byte(`    "00`), 1)
		}, "log.json: "},
		"the checkpoint": {func(c map[string][]byte) {
			c["checkpoint.note"] = bytes.Replace(c["checkpoint.note"], []byte("\n13\n"), []byte("\n14\n"), 1)
		}, "checkpoint.note: "},
		"the period": {func(c map[string][]byte) {
			c["manifest.json"] = bytes.Replace(c["manifest.json"], []byte(`"where": ""`), []byte(`"where": "eventRW: Write"`), 1)
		}, "manifest.note: it was signed for another manifest"},
		"somebody else's key": {func(c map[string][]byte) { c["keys.txt"] = []byte("# none\n") }, "keys.txt: "},
		"the signature":       {func(c map[string][]byte) { c["manifest.note"] = []byte("x") }, "manifest.note: its signature is wrong"},
	}
	for name, x := range cases {
		names, content := members(t, data)
		before := map[string][]byte{}
		for k, v := range content {
			before[k] = bytes.Clone(v)
		}
		x.do(content)
		same := true
		for k := range content {
			same = same && bytes.Equal(before[k], content[k])
		}
		if same {
			t.Errorf("%s: nothing was changed", name)
		}
		got := verify(t, pack(t, names, content))
		if said := problems(got); got.OK() || !strings.Contains(said, x.want) {
			t.Errorf("%s: %s\nwant %q", name, said, x.want)
		}
	}
	names, content := members(t, data)
	for what, other := range map[string][]byte{
		"it is no part of a bundle": pack(t, append(names[:9:9], "more.txt"), content),
		"it is missing":             pack(t, append([]string{names[0]}, names[2:]...), content),
		"it is there twice":         pack(t, append(names[:9:9], names[1]), content),
	} {
		if said := problems(verify(t, other)); !strings.Contains(said, what) {
			t.Errorf("%s, want %q", said, what)
		}
	}
	// Somebody with another key signs all anew: the published key tells.
	forger := newSiteOf(t, 2)
	forger.grow(12, 10)
	forged, _ := write(t, forger.request(25*time.Minute, 95*time.Minute, ""))
	if got := verify(t, forged, s.vkey()); got.OK() || !strings.Contains(problems(got), "none of the keys of "+origin+" signed it") {
		t.Errorf("signed by somebody else: %s", problems(got))
	}
}

func problems(r *bundle.Result) string {
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "%s: %s\n", p.Key, p.Text)
	}
	return b.String()
}

// An object that is not what its seal names, or is missing, makes no bundle.
func TestDamagedArchive(t *testing.T) {
	s := newSite(t)
	s.grow(12, 10)
	var objects []string
	for o, err := range s.bucket.List(t.Context(), "A", "") {
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o.Key)
	}
	if err := os.Remove(filepath.Join(s.dir, filepath.FromSlash(objects[3]))); err != nil {
		t.Fatal(err)
	}
	if _, err := bundle.Write(t.Context(), io.Discard, s.request(0, 5*time.Hour, "")); err == nil || !strings.Contains(err.Error(), objects[3]) {
		t.Errorf("without an object: %v", err)
	}
}

// What is held does not grow with the events.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a large archive")
	}
	s := newSite(t)
	s.grow(4, 10_000)
	r := s.request(0, 100*time.Hour, "")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	peak := uint64(0)
	watch := writerFunc(func(p []byte) (int, error) {
		runtime.ReadMemStats(&after)
		peak = max(peak, after.HeapInuse)
		return len(p), nil
	})
	m, err := bundle.Write(t.Context(), watch, r)
	if err != nil || m.Events != 40_000 {
		t.Fatalf("%d events, %v", m.Events, err)
	}
	if grown := int64(peak) - int64(before.HeapInuse); grown > 64<<20 {
		t.Errorf("%d MiB for %d events", grown>>20, m.Events)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// No member of a bundle can be replaced by anything else, whatever it is.
func FuzzVerify(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "bundle.zip"))
	if err != nil {
		f.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		f.Fatal(err)
	}
	var names []string
	content := map[string][]byte{}
	for _, m := range z.File {
		r, err := m.Open()
		if err != nil {
			f.Fatal(err)
		}
		if content[m.Name], err = io.ReadAll(r); err != nil {
			f.Fatal(err)
		}
		names = append(names, m.Name)
	}
	for i, name := range names {
		if name != "report.html" { // as good as any text, and long
			f.Add(uint8(i), content[name])
		}
	}
	f.Fuzz(func(t *testing.T, member uint8, text []byte) {
		name := names[int(member)%len(names)]
		other := map[string][]byte{}
		for k, v := range content {
			other[k] = v
		}
		other[name] = text
		data := pack(t, names, other)
		r, err := bundle.Verify(t.Context(), bytes.NewReader(data), int64(len(data)), bundle.Options{Parse: query.Parse})
		if err == nil && r.OK() && !bytes.Equal(text, content[name]) && name != "manifest.note" {
			t.Errorf("%s can be %q", name, text)
		}
	})
}

// The bundle in testdata was made by an earlier release, and is read for ever.
func TestGoldenBundle(t *testing.T) {
	s := newSite(t)
	s.grow(2, 3)
	r := s.request(0, 15*time.Minute, "")
	path := filepath.Join("testdata", "bundle.zip")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		data, _ := write(t, r)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := verify(t, data, s.vkey()); !got.OK() || got.Events != 5 {
		t.Errorf("%+v", got)
	}
	_, want := members(t, data)
	made, _ := write(t, r)
	_, have := members(t, made)
	for name := range want {
		if name != "report.html" && !strings.HasPrefix(name, "manifest.") && !bytes.Equal(want[name], have[name]) {
			t.Errorf("%s is made in another way:\n%s\nwas\n%s", name, have[name], want[name])
		}
	}
}
