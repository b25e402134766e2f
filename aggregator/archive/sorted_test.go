package archive_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/event"
)

// The events of a period come in the order of their time, however the archive names
// its objects and however little is sorted at once, from any time on.
func TestSort(t *testing.T) {
	for _, l := range []layout.Layout{layout.OSS, layout.CloudTrail, layout.Hive, layout.ActionTrail} {
		t.Run(string(l), func(t *testing.T) {
			s := newSite(t)
			s.cfg.Layout = l
			if l == layout.CloudTrail {
				s.cfg.Codec = archive.CloudTrailGzip
			}
			a := s.open()
			stream := makeStream(60, 20)
			for i := range stream {
				if err := a.Write(t.Context(), stream[i:i+1]); err != nil {
					t.Fatal(err)
				}
				if i%9 == 8 {
					s.clock.pass(6 * time.Hour)
					if err := a.Seal(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := a.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
			c, err := archive.ReadContents(t.Context(), s.cfg.Bucket, 0)
			if err != nil {
				t.Fatal(err)
			}
			for lane, last := range c.Lanes {
				if last != 20 || !strings.HasPrefix(lane.Agent, "gw-") {
					t.Errorf("the last batch of %s is %d", lane, last)
				}
			}
			period := archive.Period{From: start, To: start.Add(13 * time.Hour)}
			var all []string
			for _, b := range stream {
				for i := range b.Events {
					if e := &b.Events[i]; period.Has(e.Time.Std()) && e.RW == event.Write {
						all = append(all, sortKey(e))
					}
				}
			}
			slices.Sort(all)
			sorted, err := archive.SortBy(t.Context(), filepath.Join(t.TempDir(), "sorted"), 9000, c, period, func(e *event.Event) (bool, error) { return e.RW == event.Write, nil })
			if err != nil {
				t.Fatal(err)
			}
			defer sorted.Close()
			for _, from := range []time.Time{period.From, period.From.Add(time.Nanosecond), period.From.Add(12 * time.Hour), period.To} {
				for _, to := range []time.Time{period.To, period.From.Add(12 * time.Hour)} {
					var got, want []string
					if err := sorted.Each(t.Context(), from, to, func(e *event.Event) error { got = append(got, sortKey(e)); return nil }); err != nil {
						t.Fatal(err)
					}
					for _, key := range all {
						if key >= timeKey(from) && key < timeKey(to) {
							want = append(want, key)
						}
					}
					if diff := cmp.Diff(want, got); diff != "" || len(all) == 0 {
						t.Errorf("from %s to %s (-want +got):\n%s", from, to, diff)
					}
				}
			}
		})
	}
}

func timeKey(t time.Time) string { return fmt.Sprintf("%020d", t.UnixNano()) }

func sortKey(e *event.Event) string { return timeKey(e.Time.Std()) + " " + e.ID }

// What cannot be read as it was sealed is an error that names it, not a part of the answer.
func TestSortOfADamagedArchive(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"missing": os.Remove,
		"damaged": func(path string) error {
			if err := os.Chmod(path, 0o600); err != nil {
				return err
			}
			return os.WriteFile(path, []byte("x"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			a := s.open()
			if err := a.Write(t.Context(), makeStream(3, 3)); err != nil {
				t.Fatal(err)
			}
			if err := a.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
			c, err := archive.ReadContents(t.Context(), s.cfg.Bucket, 0)
			if err != nil {
				t.Fatal(err)
			}
			key := c.Objects[1].Key
			if err := spoil(filepath.Join(s.bucket, key)); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			_, err = archive.Sort(t.Context(), filepath.Join(dir, "sorted"), c, archive.Period{From: start, To: start.Add(100 * time.Hour)}, nil, func(*event.Event) (bool, error) { return true, nil }, func(int, int) {})
			if !errors.Is(err, archive.ErrDamaged) || !strings.Contains(err.Error(), key) {
				t.Errorf("it gives %v", err)
			}
			if left, err := os.ReadDir(filepath.Join(dir, "sorted")); err != nil || len(left) > 0 {
				t.Errorf("left is %v, %v", left, err)
			}
			if err := spoil(filepath.Join(s.bucket, archive.SealKey(1))); err != nil {
				t.Fatal(err)
			}
			if _, err := archive.ReadContents(t.Context(), s.cfg.Bucket, c.Seals); !errors.Is(err, archive.ErrDamaged) || !strings.Contains(err.Error(), archive.SealKey(1)) {
				t.Errorf("of a seal it gives %v", err)
			}
		})
	}
}
