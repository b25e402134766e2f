package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// merging is the merge of segments in the background.
type merging struct {
	cancel context.CancelFunc
	done   chan struct{}
	what   string // for Stats
}

// startMerge has segments merged in the background, if there are some to merge and
// that is not being done. now decides which days are over. After a failure it waits.
func (x *Index) startMerge(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.merging != nil || x.closed || now.Before(x.mergeAt) || len(x.toMerge(now)) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &merging{cancel: cancel, done: make(chan struct{})}
	x.merging = m
	go func() {
		err := errors.New("the merge did not end")
		defer func() {
			cancel()
			x.mu.Lock()
			x.merging = nil
			switch {
			case err == nil:
				x.mergeWait = 0
			case ctx.Err() == nil:
				x.mergeWait = min(max(2*x.mergeWait, retryMerge), time.Hour)
				x.mergeErr, x.mergeAt = err, now.Add(x.mergeWait)
			}
			x.mu.Unlock()
			close(m.done)
		}()
		err = x.mergeSome(ctx, m, now)
	}()
}

// retryMerge is after how long a merge that failed is tried again; each further failure doubles it.
const retryMerge = time.Minute

// toMerge are the segments to be merged next. The caller holds mu.
func (x *Index) toMerge(now time.Time) []*segment {
	all := make([]mergeable, 0, len(x.segments))
	of := make([]*segment, 0, len(x.segments))
	for _, s := range x.segments {
		if s.foot.version > 1 { // the blocks of version 1 cannot be copied
			all = append(all, mergeable{s.foot.Day, s.class, s.seqs != index.SeqRange{}, s.foot.Events, s.size(), s.made})
			of = append(of, s)
		}
	}
	var out []*segment
	for _, i := range planMerge(all, now, x.cfg.mergedMost) {
		out = append(out, of[i])
	}
	return out
}

// mergeSome merges until there is nothing to merge.
func (x *Index) mergeSome(ctx context.Context, m *merging, now time.Time) error {
	for {
		x.mu.Lock()
		segments := x.toMerge(now)
		if x.closed || len(segments) == 0 {
			x.mu.Unlock()
			return nil
		}
		events := 0
		for _, s := range segments {
			s.acquire() // they are in the list, so they are not gone
			events += s.foot.Events
		}
		m.what = fmt.Sprintf("%d segments of %s with %d events become one", len(segments), dayText(segments[0].foot.Day), events)
		x.mu.Unlock()
		err := x.mergeSegments(ctx, segments)
		for _, s := range segments {
			s.release()
		}
		var bad *damageError
		if errors.As(err, &bad) && slices.Contains(segments, bad.segment) {
			err = x.setAside(bad)
		}
		if err != nil {
			return err
		}
	}
}

func dayText(day int64) string { return time.Unix(0, day*dayNanos).UTC().Format(time.DateOnly) }

// mergeSegments writes segments as one, and has that take their place in one step.
// A crash before leaves a file that the manifest does not name, one behind it the old ones: both are removed at the start.
func (x *Index) mergeSegments(ctx context.Context, segments []*segment) error {
	x.mu.Lock()
	number := x.takeNumber()
	x.mu.Unlock()
	first := segments[0]
	path := filepath.Join(x.cfg.Dir, segmentName(first.foot.Day, number))
	p := &pace{ctx: ctx, busy: func() bool { return x.asked.Load() > 0 }, begun: time.Now()}
	s, err := x.makeSegment(path, func(w *segmentWriter) error {
		return guardAll(segments, func() error { return w.merge(segments, p) })
	})
	if err != nil {
		return fmt.Errorf("merge segments of %s: %w", dayText(first.foot.Day), err)
	}
	s.class, s.made = first.class, x.flushedAt()
	for _, old := range segments {
		s.seqs.Add(old.seqs.First)
		s.seqs.Add(old.seqs.Last)
	}
	return x.replace(segments, s)
}

// guardAll turns a fault of one of the segments into its damage.
func guardAll(segments []*segment, fn func() error) error {
	if len(segments) == 0 {
		return fn()
	}
	return segments[0].guard(func() error { return guardAll(segments[1:], fn) })
}

// replace has merged take the place of segments. When one of them is not in the index
// any more, as it was too old or damaged, nothing changes and merged is removed.
func (x *Index) replace(segments []*segment, merged *segment) error {
	x.saving.Lock()
	defer x.saving.Unlock()
	x.mu.RLock()
	next := x.manifest.clone()
	all := x.segments
	closed := x.closed
	x.mu.RUnlock()
	gone := slices.ContainsFunc(segments, func(s *segment) bool { return !slices.Contains(all, s) })
	if gone || closed {
		return x.discard(merged)
	}
	names := map[string]bool{}
	for _, s := range segments {
		names[filepath.Base(s.path)] = true
	}
	next.Segments = slices.DeleteFunc(next.Segments, func(e segmentEntry) bool { return names[e.File] })
	next.Segments = append(next.Segments, merged.entry())
	rest := slices.DeleteFunc(slices.Clone(all), func(s *segment) bool { return slices.Contains(segments, s) })
	if err := x.save(next, func() { x.segments = append(rest, merged) }); err != nil {
		return errors.Join(err, x.discard(merged))
	}
	var err error
	for _, s := range segments {
		if e := os.Remove(s.path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
		s.release()
	}
	return err
}

// discard gives up segments that were made, and removes their files. When an attempt
// to save the manifest was better than it said they stay: an open removes what is not named.
func (x *Index) discard(made ...*segment) error {
	m, err := readManifest(x.cfg.Dir)
	for _, s := range made {
		name := filepath.Base(s.path)
		if err == nil && m != nil && !slices.ContainsFunc(m.Segments, func(e segmentEntry) bool { return e.File == name }) {
			if e := os.Remove(s.path); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = e
			}
		}
		s.release()
	}
	return err
}

// takeNumber is the number of a new segment. The caller holds mu.
func (x *Index) takeNumber() uint64 {
	x.next = max(x.next, x.manifest.Next)
	x.next++
	return x.next - 1
}

// flushedAt is the time of the last Flush.
func (x *Index) flushedAt() time.Time {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.flushed
}

// endMerge ends a merge that is under way, and waits for it.
func (x *Index) endMerge() {
	x.mu.RLock()
	m := x.merging
	x.mu.RUnlock()
	if m != nil {
		m.cancel()
		<-m.done
	}
}
