package s3_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/s3"
	"github.com/actiontrail/actiontrail/aggregator/archive/buckettest"
	"github.com/actiontrail/actiontrail/event"
)

// newGlacier is a store with the archive of a test; its objects of some days are in classes.
func newGlacier(t *testing.T, of string, classes map[string]string) (*buckettest.Glacier, *s3.Bucket) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	g := buckettest.NewGlacier(filepath.Join(t.TempDir(), "store"))
	if err := os.CopyFS(g.Dir, os.DirFS("../../testdata/"+of)); err != nil {
		t.Fatal(err)
	}
	for _, key := range g.Keys() {
		for day, class := range classes {
			if strings.HasPrefix(key, "AuditLog/") && strings.Contains(key, day) {
				g.Class[key] = class
			}
		}
	}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return g, open(t, s3.Config{Bucket: "audit", Endpoint: server.URL, PathStyle: s3.Path, Now: time.Now})
}

// What is in the archive tier is told as such by all that read, until it is restored.
func TestArchiveTier(t *testing.T) {
	g, b := newGlacier(t, "archive", map[string]string{"cn-hangzhou/2026/11/21/": "GLACIER", "2026/11/22/": "INTELLIGENT_TIERING"})
	verify := func() archive.Report {
		t.Helper()
		r, err := archive.Verify(t.Context(), b, archive.VerifyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := verify()
	if int(r.Tiered) != len(g.Class) || r.Tiered == 0 || len(r.Problems) > 0 || r.TieredEvents == 0 {
		t.Fatalf("%d objects are tiered, the report says %d; problems %v", len(g.Class), r.Tiered, r.Problems)
	}
	tiered, events := r.Tiered, r.TieredEvents+r.Events
	read := 0
	problems, err := archive.Events(t.Context(), b, nil, func(archive.SeqRange, event.Event) error { read++; return nil })
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Text, fmt.Sprintf("%d objects", tiered)) || read != int(r.Events) {
		t.Errorf("%d events, problems %v, %v", read, problems, err)
	}
	contents, err := archive.ReadContents(t.Context(), b, 0)
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	period := archive.Period{From: day, To: day.AddDate(0, 0, 1), Late: time.Hour}
	restore := func(p archive.Period, look bool) archive.Restoration {
		t.Helper()
		r, err := archive.Restore(t.Context(), b, contents, p, archive.RestoreOptions{Days: 3, Speed: "Bulk", LookOnly: look})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := restore(period, true); r.Archived == 0 || r.Asked > 0 || len(g.Asked) > 0 || r.Readable() {
		t.Errorf("looking gives %+v", r)
	}
	first := restore(period, false)
	if first.Asked == 0 || first.InProgress != first.Asked || first.Readable() || len(g.Asked) != first.Asked {
		t.Errorf("asking gives %+v", first)
	}
	for key, body := range g.Asked {
		if !strings.Contains(key, "2026/11/21/") || !strings.Contains(body, "<Days>3</Days>") || !strings.Contains(body, "<Tier>Bulk</Tier>") {
			t.Errorf("%s was asked for: %s", key, body)
		}
	}
	if r := restore(period, false); r.Asked != 0 || r.InProgress != first.Asked {
		t.Errorf("asking again gives %+v", r)
	}
	all := archive.Period{From: day.AddDate(0, 0, -1), To: day.AddDate(0, 0, 9), Late: time.Hour}
	if r := restore(all, false); r.Asked != int(tiered)-first.Asked || r.NotNeeded == 0 {
		t.Errorf("asking for all gives %+v", r)
	}
	for key, body := range g.Asked {
		if strings.Contains(key, "2026/11/22/") && strings.Contains(body, "Days") {
			t.Errorf("days are no matter of intelligent tiering: %s", body)
		}
	}
	if r := verify(); r.Tiered != tiered {
		t.Errorf("%d objects are tiered while the store works on them", r.Tiered)
	}
	g.Finish()
	if r := restore(all, false); !r.Readable() || r.Restored != int(tiered) || r.ReadableTil.Day() != 28 {
		t.Errorf("in the end: %+v", r)
	}
	if r := verify(); r.Tiered > 0 || r.Events != events || !r.OK() {
		t.Errorf("restored: %+v", r)
	}
}

// A proof is not refused for ever: what may hold the event is in the archive tier.
func TestProofOfTheArchiveTier(t *testing.T) {
	_, b := newGlacier(t, "logged", map[string]string{"2026/11/21/": "GLACIER"})
	_, err := archive.Prove(t.Context(), b, archive.ProofRequest{ID: "nobody"})
	if !errors.Is(err, archive.ErrTiered) || !strings.Contains(err.Error(), "2 others were not") {
		t.Errorf("a proof of what may be there gives %v", err)
	}
}

// An object of another length cannot hide in the archive tier, and two may ask at once.
func TestArchiveTierFaults(t *testing.T) {
	g, b := newGlacier(t, "archive", map[string]string{"2026/11/21/": "DEEP_ARCHIVE", "2026/11/22/": "GLACIER_IR"})
	var key string
	for k, class := range g.Class {
		if class == "DEEP_ARCHIVE" {
			key = k
		}
	}
	lies, err := b.Tier(t.Context(), key)
	if err != nil || lies.State != archive.TierArchived {
		t.Fatalf("it lies in %+v, %v", lies, err)
	}
	for range 2 { // as two that ask at once
		if err := b.Restore(t.Context(), key, lies, 1, ""); err != nil {
			t.Errorf("asking gives %v", err)
		}
	}
	for k, class := range g.Class {
		if class == "GLACIER_IR" {
			if lies, err := b.Tier(t.Context(), k); err != nil || lies.State != archive.TierReadable {
				t.Errorf("%s lies in %+v, %v", k, lies, err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(g.Dir, key), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := archive.Verify(context.Background(), b, archive.VerifyOptions{})
	if err != nil || len(r.Problems) != 1 || r.Problems[0].Key != key || !strings.Contains(r.Problems[0].Text, "has 5 bytes") {
		t.Errorf("problems %v, %v", r.Problems, err)
	}
}

// A store without an archive tier: all can be read, and what it says to the request is told.
func testTier(t *testing.T, s *store) {
	b := open(t, s.config())
	const text = "text"
	if err := b.Create(t.Context(), "events/a", strings.NewReader(text), archive.Meta{Bytes: int64(len(text)), SHA256: sha256.Sum256([]byte(text))}); err != nil {
		t.Fatal(err)
	}
	lies, err := b.Tier(t.Context(), "events/a")
	if err != nil || lies.State != archive.TierReadable || lies.Bytes != int64(len(text)) {
		t.Errorf("it lies in %+v, %v", lies, err)
	}
	if _, err := b.Tier(t.Context(), "events/b"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there gives %v", err)
	}
	if err := b.Restore(t.Context(), "events/a", lies, 1, ""); err == nil || !strings.Contains(err.Error(), "restore s3://audit/") {
		t.Errorf("asking for it gives %v", err)
	}
}
