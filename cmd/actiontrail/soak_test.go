package main

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

// plan says how much a soak does. The small one is part of every run of the
// tests; make soak sets SOAK=1 for the large one, and each number can be set by
// the environment variable of its name. The same SEED gives the same order of
// faults, though not the same moments: processes have a time of their own.
type plan struct {
	Seed      uint64        // SOAK_SEED
	Kills     int           // SOAK_KILLS, with -9, in all
	Rotations int           // SOAK_ROTATIONS, of each log
	Stops     int           // SOAK_STOPS, of each process
	Stop      time.Duration // SOAK_STOP: how long one lasts
	Outages   int           // SOAK_OUTAGES, of NATS: stopped, or ended and started again, by turns
	Outage    time.Duration // SOAK_OUTAGE
	Full      int           // SOAK_FULL: how often the disk of the agent, and that of the aggregator, is full
	FullFor   time.Duration // SOAK_FULL_FOR
	Disk      string        // size of the aggregator's
	Rate      int           // SOAK_RATE: lines a second of each log
	Lines     int           // SOAK_LINES, of each log, about, between two faults
	// CopyTruncate: the second log is copied and truncated, else renamed. Lines may be
	// lost then where SourceGap says so, and those that are written between the two.
	CopyTruncate bool // SOAK_COPYTRUNCATE=no
}

func soakPlan(t *testing.T) plan {
	p := plan{Seed: rand.Uint64() >> 1, Kills: 4, Rotations: 2, Stops: 1, Stop: 300 * time.Millisecond, Outages: 1, Outage: 700 * time.Millisecond,
		Full: 1, FullFor: 700 * time.Millisecond, Disk: "128m", Rate: 2000, Lines: 200}
	if os.Getenv("SOAK") != "" {
		p = plan{Seed: p.Seed, Kills: 100, Rotations: 20, Stops: 2, Stop: time.Minute, Outages: 2, Outage: 10 * time.Minute,
			Full: 2, FullFor: 20 * time.Second, Disk: "768m", Rate: 1000, Lines: 1500}
	}
	whole := func(name string, n *int) {
		if v := os.Getenv(name); v != "" {
			var err error
			if *n, err = strconv.Atoi(v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	length := func(name string, d *time.Duration) {
		if v := os.Getenv(name); v != "" {
			var err error
			if *d, err = time.ParseDuration(v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	if v := os.Getenv("SOAK_SEED"); v != "" {
		var err error
		if p.Seed, err = strconv.ParseUint(v, 10, 64); err != nil {
			t.Fatalf("SOAK_SEED: %v", err)
		}
	}
	whole("SOAK_KILLS", &p.Kills)
	whole("SOAK_ROTATIONS", &p.Rotations)
	whole("SOAK_STOPS", &p.Stops)
	whole("SOAK_OUTAGES", &p.Outages)
	whole("SOAK_FULL", &p.Full)
	whole("SOAK_RATE", &p.Rate)
	whole("SOAK_LINES", &p.Lines)
	length("SOAK_STOP", &p.Stop)
	length("SOAK_OUTAGE", &p.Outage)
	length("SOAK_FULL_FOR", &p.FullFor)
	p.CopyTruncate = os.Getenv("SOAK_COPYTRUNCATE") != "no"
	if os.Geteuid() != 0 { // only root may mount the small disk
		p.Full = 0
	}
	return p
}

// TestSoakServer: everything is one process, killed by -9 in the midst of the
// load; nginx writes its log through a buffer. Every line must be in the index
// and in the archive, once.
func TestSoakServer(t *testing.T) {
	p := soakPlan(t)
	p.Stops, p.Outages, p.Full = min(p.Stops, 1), 0, 0
	if os.Getenv("SOAK") == "" {
		p.Kills, p.Stops = 2, 0
	}
	s := newSite(t, p, "buffer=64k flush=1s")
	s.startServer()
	s.soak()
}

// TestSoak: agent, NATS server and aggregator are processes of their own, each
// killed, stopped and out of disk alone.
func TestSoak(t *testing.T) {
	s := newSite(t, soakPlan(t), "")
	s.startAll()
	s.soak()
}

// TestSoakDeadBucket: the bucket of one trail is dead until more than half of
// the stream waits for it. Nothing else may be held back by that, and once it is
// there again it gets everything.
func TestSoakDeadBucket(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("make soak runs it")
	}
	p := soakPlan(t)
	p.Full, p.CopyTruncate = 0, false
	s := newSite(t, p, "")
	bucket := filepath.Join(s.dir, "bucket")
	s.archives, s.stream = append(s.archives, filepath.Join(bucket, "archive")), "64MiB"
	s.app.pad = 600
	if err := os.WriteFile(bucket, nil, 0o600); err != nil { // a file: nothing can be made below it
		t.Fatal(err)
	}
	s.startAll()
	s.ready()
	s.did("the bucket is dead")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var load sync.WaitGroup
	load.Go(func() { s.nginx.run(ctx, 100) })
	load.Go(func() { paced(ctx, 4000, s.app.write) })
	s.until(10*time.Minute, "more batches than the stream holds", func() bool {
		var status api.Status
		return s.get("/api/v1/status", nil, &status) && s.app.count.Load()*int64(s.app.pad) > 2*status.Stream.MaxBytes && status.Stream.FirstSeq > 1
	})
	stop()
	load.Wait()
	s.nginx.nginx.Quit(t)
	s.until(10*time.Minute, "all lines in the index while the bucket is dead", func() bool {
		return int64(s.total(lineEvents)) >= s.nginx.count.Load()+s.app.count.Load()
	})
	if err := os.Remove(bucket); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(bucket, 0o700); err != nil {
		t.Fatal(err)
	}
	s.did("the bucket is there again")
	s.check()
}
