package archive_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
)

// Who takes over writes a seal first. The one before, which was halted and still
// believes that it leads, can seal nothing of what it has staged.
func TestFenceKeepsTheLeaderBeforeOut(t *testing.T) {
	s := newSite(t)
	stream := makeStream(20, 3)
	before := s.open()
	if err := before.Write(t.Context(), stream[:10]); err != nil { // staged
		t.Fatal(err)
	}
	next := *s
	next.cfg.Staging = filepath.Join(filepath.Dir(s.bucket), "other")
	a := next.open()
	if err := a.Fence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := before.Seal(t.Context()); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("the leader before seals: %v", err)
	}
	next.follow(a, stream)
	s.follow(before, stream) // it reads the bucket, and finds all done
	s.whole(stream, all)
	end, err := archive.EndSeq(t.Context(), s.cfg.Bucket)
	if err != nil || end != 20 {
		t.Errorf("the archive ends at seq %d, %v", end, err)
	}
}

func TestEndOfNothing(t *testing.T) {
	s := newSite(t)
	if end, err := archive.EndSeq(t.Context(), s.cfg.Bucket); err != nil || end != 0 {
		t.Errorf("an empty bucket ends at seq %d, %v", end, err)
	}
	if err := archive.CheckKeys(t.Context(), s.cfg.Bucket, &archive.LogConfig{}); err != nil {
		t.Errorf("keys for an empty bucket: %v", err)
	}
	if len(s.objects()) > 0 {
		t.Error("looking at it has written")
	}
}

// Whether a server can go on with an archive is known without writing to it.
func TestCheckKeys(t *testing.T) {
	s, _, _ := hours(t)
	objects := len(s.objects())
	check := func(lost string, list ...transparency.Key) error {
		return archive.CheckKeys(t.Context(), s.cfg.Bucket, &archive.LogConfig{Origin: origin, Keys: (&keys{list}).get, Lost: func(k string) bool { return k == lost }})
	}
	if err := check("", signKey(1)); err != nil {
		t.Errorf("with its key: %v", err)
	}
	if err := check("", signKey(2), signKey(1)); err != nil {
		t.Errorf("with its key, and a newer one: %v", err)
	}
	if err := check("", signKey(2)); !errors.Is(err, archive.ErrKey) || !strings.Contains(err.Error(), vkey(t, 1)) || !strings.Contains(err.Error(), vkey(t, 2)) {
		t.Errorf("with the key of another server: %v", err)
	}
	if err := check(archive.PublicPart(vkey(t, 1)), signKey(2)); err != nil {
		t.Errorf("with its key given up: %v", err)
	}
	if n := len(s.objects()); n != objects {
		t.Error("looking at it has written")
	}
}
