package oss_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/query"
)

// batches of one lane, of four events each.
func batches(n int) (all []event.Batch) {
	l := event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: "UKEY", Epoch: 7}
	base := event.NewIDBase("key", "edge", "f", 0)
	var prev event.Hash
	for seq := 1; seq <= n; seq++ {
		b := event.Batch{Lane: l, Number: uint64(seq), Prev: prev, Seq: uint64(seq)}
		for i := range 4 {
			b.Events = append(b.Events, event.Event{
				ID: base.ID(int64(seq*10 + i)), Type: event.TypeAPICall, Name: "StopInstance", RW: event.Write, Service: "Ecs", Region: []string{"cn-hangzhou", "cn-beijing"}[i%2],
				Time: event.At(time.Date(2026, 11, 21, 7, seq, i, 0, time.UTC), 0), Origin: event.Origin{Agent: l.Agent, Source: l.Source, Epoch: l.Epoch, Batch: b.Number, Index: uint64(i)},
			})
		}
		b.Hash = sha256.Sum256(fmt.Append(nil, seq, prev))
		prev = b.Hash
		all = append(all, b)
	}
	return all
}

// The network fails in all ways at each request, the process ends, and what was
// staged is lost: in the end each event is in the archive, once, and nothing was written over.
func TestArchiveThroughFaults(t *testing.T) {
	did := map[realtest.Fault]int{}
	for seed := range uint64(3) {
		s := newStore(t)
		b, proxy, cfg := s.behind(t)
		stream, staging := batches(30), t.TempDir()
		random := rand.New(rand.NewPCG(seed, 2))
		lives, done := 0, false
		for ; !done; lives++ {
			if lives > 200 {
				t.Fatal("the archive does not come to the end of the stream")
			}
			if random.IntN(3) == 0 {
				if err := os.RemoveAll(staging); err != nil {
					t.Fatal(err)
				}
			}
			proxy.Choose(realtest.Randomly(seed*1000+uint64(lives), 6+lives))
			a, err := archive.Open(t.Context(), archive.Config{Trail: "all", Bucket: b, Staging: staging, Parse: query.Parse, Now: time.Now, Layout: layout.OSS, RollBytes: 3000})
			for tries := 0; err == nil && tries < 3; tries++ {
				if done = a.Position().Seq == uint64(len(stream)); done {
					break
				}
				for _, next := range stream[a.Position().Seq:] {
					if err = a.Write(t.Context(), []event.Batch{next}); err != nil {
						break
					}
				}
				if err == nil {
					err = a.Seal(t.Context())
				}
			}
		}
		for fault, n := range proxy.Did() {
			did[fault] += n
		}
		cfg.Endpoint = s.URL
		r, err := archive.Verify(t.Context(), open(t, cfg), archive.VerifyOptions{})
		if err != nil || !r.OK() || r.Events != 4*uint64(len(stream)) {
			t.Errorf("seed %d, %d lives: %+v, %v", seed, lives, r, err)
		}
	}
	if len(did) < 5 {
		t.Errorf("only these faults were met: %v", did)
	}
	t.Logf("faults %v", did)
}
