package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/bench/cloud"
	"github.com/actiontrail/actiontrail/bench/gauge"
	"github.com/actiontrail/actiontrail/event"
)

// engine takes events.
type engine interface {
	write(ctx context.Context, b event.Batch) error // durable when it returns
	settle(ctx context.Context) error               // all that is left to do when no more comes
	folder() string
}

// ours is the embedded index.
type ours struct {
	dir   string
	index *local.Index
}

func openOurs(dir string) (*ours, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	x, err := local.Open(local.Config{Dir: dir})
	return &ours{dir: dir, index: x}, err
}

func (o *ours) write(ctx context.Context, b event.Batch) error {
	return o.index.Write(ctx, []event.Batch{b})
}
func (o *ours) settle(ctx context.Context) error { return cloud.Settle(ctx, o.index, o.dir) }
func (o *ours) folder() string                   { return o.dir }
func (o *ours) close() error                     { return o.index.Close() }

// filled is what writing all events took, without what making them did.
type filled struct {
	cpu   float64 // seconds
	wall  time.Duration
	bytes int64
}

// fill writes the events of a cloud. An engine may work in the background while
// input is made, so what that takes is subtracted by thread.
func fill(ctx context.Context, e engine, total, size int) (f filled, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	in := cloud.New(total)
	runtime.GC() // not at the next one's expense
	began, err := gauge.CPU()
	if err != nil {
		return filled{}, err
	}
	var making float64
	for number := uint64(1); ; number++ {
		before, err := gauge.Thread()
		if err != nil {
			return filled{}, err
		}
		b, err := in.Batch(number, size)
		if err != nil {
			return filled{}, err
		}
		after, err := gauge.Thread()
		if err != nil {
			return filled{}, err
		}
		making += after - before
		if len(b.Events) == 0 {
			break
		}
		at := time.Now()
		if err := e.write(ctx, b); err != nil {
			return filled{}, fmt.Errorf("batch %d: %w", number, err)
		}
		f.wall += time.Since(at)
	}
	at := time.Now()
	if err := e.settle(ctx); err != nil {
		return filled{}, err
	}
	f.wall += time.Since(at)
	ended, err := gauge.CPU()
	if err != nil {
		return filled{}, err
	}
	f.cpu = ended - began - making
	f.bytes, err = gauge.Folder(e.folder())
	return f, err
}
