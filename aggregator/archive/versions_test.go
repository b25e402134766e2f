package archive_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/event"
)

const (
	// goldenVersions is an archive with a seal of each version and objects of each
	// form, written once and read, proved and continued by each later release.
	goldenVersions = "testdata/versions"
	// goldenHead is the SHA-256 of its last seal, which stands for all of them: nobody
	// writes them anew. When the format gets another version, add an archive.
	goldenHead = "28c2cba4eed2ee5a54ddbd76c1272a4072d9f7fa8fca84482bda1cedf36d49bc"
)

// versionAt are the versions of the seals, in their order.
var versionAt = []int{1, 1, 2, 2, 4, 5, 3, 3, 1, 1, 1}

// oneLane is a stream of one lane; each batch has a Write and a Read.
func oneLane(batches int) (out []event.Batch) {
	for _, b := range makeStream(3*batches, 2) {
		if b.Lane == lane(1) {
			b.Seq = uint64(len(out) + 1)
			out = append(out, b)
		}
	}
	return out
}

// buildVersions writes the archive of testdata/versions anew.
func buildVersions(t *testing.T) (*site, []event.Batch) {
	t.Helper()
	s := newSite(t)
	stream := oneLane(11)
	stream[5].Events, stream[6].Events = nil, nil // what is encrypted never has the same bytes
	s.cfg.Filter, s.cfg.FilterText = rw(event.Write), event.Write
	s.cfg.Layout = layout.ActionTrail
	s.cfg.Source = indexOf(stream)
	s.cfg.Stopped = func(seq uint64) (time.Time, bool) { return start, seq == 5 }
	s.cfg.Agents = func() []archive.Agent {
		return []archive.Agent{{Account: "prod", Agent: "gw-1", Key: "UKEY1", Epochs: []uint64{1001}}}
	}
	sealed := func(a *archive.Archive, err error) {
		t.Helper()
		s.clock.pass(time.Second)
		if err := errors.Join(err, a.Seal(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	a := s.open()
	sealed(a, a.Write(t.Context(), stream[:2]))
	sealed(a, a.Pay(t.Context(), archive.Payment{Since: start, Filter: event.Read, Lost: map[uint64]uint64{3: 1}}, stream[2:3]))
	sealed(a, a.Pay(t.Context(), archive.Payment{Since: start.Add(time.Minute), Filter: event.Write}, stream[3:4]))
	sealed(a, a.Write(t.Context(), stream[4:5]))
	sealed(a, s.backfill(a, stream, "stopped", start, until))
	s.cfg.Keep = &archive.Keep{Lock: "compliance", Days: 180}
	a = s.open()
	sealed(a, a.Write(t.Context(), stream[5:6]))
	s.cfg.Keep, s.cfg.Recipients = &archive.Keep{Lock: "compliance", Days: 180, Expire: 400}, []string{agePublic}
	s.logged()
	a = s.open()
	sealed(a, a.Write(t.Context(), stream[6:7]))
	s.cfg.Keep, s.cfg.Recipients = nil, nil
	for i, form := range []struct {
		layout layout.Layout
		codec  archive.Codec
	}{{layout.OSS, archive.NDJSONGzip}, {layout.Hive, archive.NDJSONZstd}, {layout.CloudTrail, archive.CloudTrailGzip}} {
		s.cfg.Layout, s.cfg.Codec = form.layout, form.codec
		a = s.open()
		sealed(a, a.Write(t.Context(), stream[7+i:8+i]))
	}
	if err := a.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, stream
}

// TestGoldenVersionsAreWritten sees that each seal is written as it ever was. When
// it fails, the format has changed: that needs another version.
func TestGoldenVersionsAreWritten(t *testing.T) {
	s, _ := buildVersions(t)
	if _, err := os.Stat(goldenVersions); errors.Is(err, os.ErrNotExist) && os.Getenv("UPDATE_GOLDEN") != "" {
		if err := errors.Join(os.CopyFS(goldenVersions, os.DirFS(s.bucket)), os.RemoveAll(goldenVersions+"/.unfinished")); err != nil {
			t.Fatal(err)
		}
	}
	for n, version := range versionAt {
		want := goldenSeal(t, n)
		got, err := os.ReadFile(s.path(archive.SealKey(uint64(n))))
		if err != nil {
			t.Fatal(err)
		}
		// Another compressor gives other bytes; the format does not promise them.
		if diff := cmp.Diff(withoutStored(t, want), withoutStored(t, got)); diff != "" {
			t.Errorf("seal %d of version %d is written in another way (-before +now); the format needs another version:\n%s", n, version, diff)
		}
	}
	if last := goldenSeal(t, len(versionAt)-1); hexHash(last) != goldenHead {
		t.Errorf("the archive in testdata was changed: its last seal is %s", hexHash(last))
	}
}

func hexHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func goldenSeal(t *testing.T, n int) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(goldenVersions, archive.SealKey(uint64(n))))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGoldenVersionsAreRead reads, verifies and proves what older releases have
// written, and goes on in it.
func TestGoldenVersionsAreRead(t *testing.T) {
	s := newSite(t)
	if err := os.CopyFS(s.bucket, os.DirFS(goldenVersions)); err != nil {
		t.Fatal(err)
	}
	s.clock.pass(time.Hour)
	seen := map[int]bool{}
	for n, version := range versionAt {
		seal := s.seal(uint64(n))
		if seal.Version != version {
			t.Errorf("seal %d has version %d, want %d", n, seal.Version, version)
		}
		seen[version] = true
		// The same members under any other version are refused.
		for other := 0; other <= len(seen)+5; other++ {
			text := strings.Replace(string(goldenSeal(t, n)), fmt.Sprintf(`"version":%d,`, version), fmt.Sprintf(`"version":%d,`, other), 1)
			members, _, _ := strings.Cut(text, `,"crc32c"`)
			if _, err := archive.DecodeSeal(archive.Checksummed([]byte(members))); (err == nil) != (other == version) {
				t.Errorf("seal %d as version %d: %v", n, other, err)
			}
		}
	}
	_, stream := buildVersions(t)
	checkVersions(t, s, stream[:10], len(versionAt))
	proveAll(t, s)

	s.cfg.Filter, s.cfg.FilterText = rw(event.Write), event.Write
	s.cfg.Layout, s.cfg.Codec = layout.CloudTrail, archive.CloudTrailGzip
	s.logged()
	a := s.open()
	if at := a.Position(); at.Seq != 10 || at.Lanes[lane(1)].Number != 10 {
		t.Fatalf("it goes on at %+v", at)
	}
	s.clock.pass(time.Minute)
	if err := errors.Join(a.Write(t.Context(), stream[10:]), a.Seal(t.Context()), a.Checkpoint(t.Context())); err != nil {
		t.Fatal(err)
	}
	checkVersions(t, s, stream, len(versionAt)+1)
	proveAll(t, s)
}

// checkVersions verifies an archive that has what the stream gave.
func checkVersions(t *testing.T, s *site, stream []event.Batch, seals int) {
	t.Helper()
	r := s.verifyBy(archive.VerifyOptions{Keys: []string{vkey(t, 1)}})
	if !r.OK() || r.Seals != uint64(seals) || r.Events != uint64(len(stream)-2) || len(r.Paid) != 2 || r.Paid[0].Lost != 1 || len(r.Stopped) != 1 || len(r.Backfills) != 1 || r.Log.Signed != int64(seals) {
		t.Errorf("verify of an archive of all versions: %+v", r)
	}
}

// proveAll proves each event of an archive.
func proveAll(t *testing.T, s *site) {
	t.Helper()
	b := openBucket(t, s)
	proved := 0
	problems, err := archive.Events(t.Context(), b, nil, func(_ archive.SeqRange, e event.Event) error {
		p, err := archive.Prove(t.Context(), b, archive.ProofRequest{ID: e.ID})
		if err != nil {
			return err
		}
		got, err := p.Check([]string{vkey(t, 1)})
		if err == nil && got.Event.ID != e.ID {
			err = fmt.Errorf("it proves %s, not %s", got.Event.ID, e.ID)
		}
		proved++
		return err
	})
	if err != nil || len(problems) > 0 || proved < 7 {
		t.Errorf("%d events are proved: %v, %v", proved, err, problems)
	}
}

// TestDocumentShowsEachVersion keeps the page about the format true: it shows a seal
// of each version byte for byte, and has the members in the order of the bytes.
func TestDocumentShowsEachVersion(t *testing.T) {
	page, err := os.ReadFile("../../docs/format/archive.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{2, 4, 5, 7} { // version 1 is shown by TestDocumentShowsTheGoldenSeal
		if !bytes.Contains(page, append([]byte("\n"), goldenSeal(t, n)...)) {
			t.Errorf("docs/format/archive.md does not show seal %d, of version %d, as it is in %s", n, versionAt[n], goldenVersions)
		}
	}
	_, table, _ := bytes.Cut(page, []byte("\n| member | content |\n"))
	table, _, _ = bytes.Cut(table, []byte("\n\n"))
	var got []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?) \\|").FindAllStringSubmatch(string(table), -1) {
		optional := strings.HasSuffix(row[1], " ?")
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			got = append(got, fmt.Sprint(name[1], " optional: ", optional))
		}
	}
	var want []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[archive.Seal]()) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		want = append(want, fmt.Sprint(name, " optional: ", options != ""))
	}
	want = append(want, "crc32c optional: false")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members of a seal (-in the code +in the page):\n%s", diff)
	}
}
