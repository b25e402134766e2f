package oss_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/oss"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/osstest"
)

// fill puts the archive of a test into the bucket; its objects of some days are in classes.
func (s *store) fill(t *testing.T, classes map[string]string) (*oss.Bucket, map[string]string) {
	t.Helper()
	cfg := s.config()
	cold := map[string]string{}
	dir := "../../testdata/archive"
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		key, err := filepath.Rel(dir, path)
		o := &osstest.Object{Body: body, Class: "Standard", Modified: time.Now()}
		for day, class := range classes {
			if strings.HasPrefix(key, "AuditLog/") && strings.Contains(key, day) {
				o.Class, cold[key] = class, class
			}
		}
		s.Do(func() { s.Bucket("audit").Objects[cfg.Prefix+key] = o })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return open(t, cfg), cold
}

// What is in the archive tier is told as such by all that read, until it is restored.
func TestArchiveTier(t *testing.T) {
	s := newStore(t)
	b, cold := s.fill(t, map[string]string{"cn-hangzhou/2026/11/21/": "Archive", "2026/11/22/": "ColdArchive"})
	verify := func() archive.Report {
		t.Helper()
		r, err := archive.Verify(t.Context(), b, archive.VerifyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := verify()
	if int(r.Tiered) != len(cold) || r.Tiered == 0 || len(r.Problems) > 0 {
		t.Fatalf("%d objects are tiered, the report says %d; problems %v", len(cold), r.Tiered, r.Problems)
	}
	events := r.TieredEvents + r.Events
	contents, err := archive.ReadContents(t.Context(), b, 0)
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	restore := func() archive.Restoration {
		t.Helper()
		r, err := archive.Restore(t.Context(), b, contents, archive.Period{From: day, To: day.AddDate(0, 0, 9), Late: time.Hour}, archive.RestoreOptions{Days: 3, Speed: "Bulk"})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := restore(); r.Asked != len(cold) || r.InProgress != len(cold) || r.Readable() {
		t.Errorf("asking gives %+v", r)
	}
	s.Do(func() {
		for key, o := range s.Bucket("audit").Objects {
			if bulk := strings.Contains(o.Asked, "<Tier>Bulk</Tier>"); o.Asked != "" && (!strings.Contains(o.Asked, "<Days>3</Days>") || bulk != (o.Class == "ColdArchive")) {
				t.Errorf("%s was asked for: %s", key, o.Asked)
			}
		}
	})
	if r := restore(); r.Asked != 0 || r.InProgress != len(cold) {
		t.Errorf("asking again gives %+v", r)
	}
	for key, class := range cold { // as two that ask at once
		if err := b.Restore(t.Context(), key, archive.Tier{State: archive.TierArchived, Class: class}, 1, ""); err != nil {
			t.Errorf("asking gives %v", err)
		}
	}
	s.Finish(time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC))
	if r := restore(); !r.Readable() || r.Restored != len(cold) || r.ReadableTil.Day() != 28 {
		t.Errorf("in the end: %+v", r)
	}
	if r := verify(); r.Tiered > 0 || r.Events != events || !r.OK() {
		t.Errorf("restored: %+v", r)
	}
}

// A bucket may have its Archive objects read as they lie.
func TestDirectRead(t *testing.T) {
	s := newStore(t)
	s.Do(func() { s.Bucket("audit").DirectRead = true })
	b, cold := s.fill(t, map[string]string{"2026/11/21/": "Archive"})
	for key := range cold {
		if lies, err := b.Tier(t.Context(), key); err != nil || lies.State != archive.TierReadable || lies.Class != "Archive" {
			t.Errorf("it lies in %+v, %v", lies, err)
		}
	}
	if _, err := b.Tier(t.Context(), "nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there gives %v", err)
	}
	if r, err := archive.Verify(t.Context(), b, archive.VerifyOptions{}); err != nil || r.Tiered > 0 || !r.OK() {
		t.Errorf("%+v, %v", r, err)
	}
}
