package s3_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/s3"
	"github.com/actiontrail/actiontrail/aggregator/archive/buckettest"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// store is a real server with a bucket "audit".
type store struct {
	*realtest.S3
	n atomic.Int64
}

// TestS3 runs all that needs a store on one.
func TestS3(t *testing.T) {
	s := &store{S3: realtest.StartS3(t)}
	for _, e := range s.Environment() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	s.MakeBucket(t, "audit", false)
	for _, c := range []struct {
		name string
		run  func(*testing.T, *store)
	}{
		{"suite", testSuite},
		{"lost answers of Create", testLostAnswersOfCreate},
		{"reads through faults", testReadsThroughFaults},
		{"read of an object that changes", testReadOfAnObjectThatChanges},
		{"stall", testStall},
		{"multipart", testMultipart},
		{"content is checked", testContentIsChecked},
		{"check", testCheck},
		{"lock", testLock},
		{"tier", testTier},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, s) })
	}
}

// config is that of a prefix of its own.
func (s *store) config() s3.Config {
	return s3.Config{Bucket: "audit", Prefix: fmt.Sprintf("p%d/", s.n.Add(1)), Endpoint: s.Endpoint, Now: time.Now}
}

func open(t *testing.T, cfg s3.Config) *s3.Bucket {
	t.Helper()
	b, err := s3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func testSuite(t *testing.T, s *store) {
	buckettest.Run(t, func(t *testing.T) archive.Bucket { return open(t, s.config()) })
}
