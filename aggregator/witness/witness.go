// Package witness gives the newest checkpoint of an archive to places elsewhere: those
// that the owner of the bucket cannot change show later what was cut off or written
// anew. A place never gets a smaller tree, nor one that does not go on from what it
// has: that is a conflict, which is told loudly. It reads the archive beside whoever
// writes it, so that a place that is dead holds back nobody.
package witness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/internal/backoff"
)

const (
	// lookEvery is how often the archive is asked whether there is more.
	lookEvery = time.Second
	// patience is how long a place may take to answer.
	patience = 20 * time.Second
)

// Archive is whose checkpoints are kept.
type Archive interface {
	Status() archive.Status
	// ReadSeal is fs.ErrNotExist when there is none of this number.
	ReadSeal(ctx context.Context, number uint64) (*archive.Seal, error)
	// ProveGrowth proves that a tree goes on from that over the first small seals;
	// archive.ErrForked and fs.ErrNotExist tell that the seals are others, or fewer.
	ProveGrowth(ctx context.Context, small int64, c transparency.Checkpoint) ([]transparency.Hash, error)
}

// Place keeps checkpoints: a signed note of each log at least, the newest.
type Place interface {
	// Newest is the newest checkpoint of the log that the place has; nil: it has none.
	Newest(ctx context.Context, origin string) ([]byte, error)
	// Keep gives it a larger one, and returns the note as the place has it now.
	Keep(ctx context.Context, s Step) ([]byte, error)
}

// Step is from the checkpoint that a place has to the next one.
type Step struct {
	Note       []byte
	Checkpoint transparency.Checkpoint // in Note
	Old        int64                   // seals under the one that the place has; 0: it has none
	// Prove gives the proof that the tree goes on from that over so many seals.
	Prove func(old int64) ([]transparency.Hash, error)
}

// Conflict tells that a place has a checkpoint that the archive is not consistent with.
type Conflict struct {
	Size int64 // seals under it; 0: it cannot be told
	Text string
	// Ahead tells that all that is known is that it has more seals.
	Ahead bool
}

func (c *Conflict) Error() string { return c.Text }

// Witness gives the checkpoints of one archive to one place.
type Witness struct {
	Trail, Delivery string
	Name, Kind      string
	Archive         Archive
	Open            func(context.Context) (Place, error) // asked again until it succeeds
	Every           time.Duration                        // the least time between two checkpoints; 0: each one
	// Conflicted is told of each new conflict. It may wait; an error is told, and it is called again.
	Conflicted func(ctx context.Context, c *Conflict) error
	Now        func() time.Time
	Log        *slog.Logger

	place    Place
	looked   bool                     // what the place has was compared
	last     *transparency.Checkpoint // that it took from us
	given    time.Time                // when
	reported string                   // the conflict that was told last

	mu     sync.Mutex
	status Status
}

// Status tells how a witness fares.
type Status struct {
	Size      int64 // seals under the newest checkpoint that it has, as far as is known
	Note      string
	Kept      time.Time // when it took that; zero: before this process started
	LastError string    // "" when it went well
	ErrorTime time.Time
	Conflict  string // what it has that the archive is not consistent with; "": nothing
}

// Status is how it fares now.
func (w *Witness) Status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

func (w *Witness) note(change func(*Status)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.status)
}

// Run gives the place what comes until ctx ends.
func (w *Witness) Run(ctx context.Context) {
	failed := func(err error) {
		conflict := ""
		if c := (*Conflict)(nil); errors.As(err, &c) {
			conflict = c.Text
			w.Log.Error("a witness has a checkpoint that the archive is not consistent with", "trail", w.Trail, "delivery", w.Delivery, "witness", w.Name, "error", err)
		} else {
			w.Log.Warn("a witness takes no checkpoint", "trail", w.Trail, "delivery", w.Delivery, "witness", w.Name, "error", err)
		}
		w.looked = false // it may have been repaired, or taken what it did not confirm
		w.note(func(s *Status) {
			s.LastError, s.ErrorTime = err.Error(), w.Now()
			if conflict != "" {
				s.Conflict = conflict
			}
		})
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if backoff.Retry(ctx, failed, func() error { return w.step(ctx) }) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// step compares with what the place has, and gives it the newest checkpoint when it is due.
func (w *Witness) step(ctx context.Context) error {
	newest := w.Archive.Status().Checkpoint
	if newest == "" {
		return nil // nothing is signed yet
	}
	c, err := transparency.ReadCheckpoint([]byte(newest))
	if err != nil {
		return err
	}
	if w.looked && (w.last != nil && *w.last == c || w.Now().Sub(w.given) < w.Every) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if w.place == nil {
		if w.place, err = w.Open(ctx); err != nil {
			return err
		}
	}
	err = w.give(ctx, c, []byte(newest))
	if conflict := (*Conflict)(nil); errors.As(err, &conflict) {
		// Another server may have gone on with the archive: then its seals are there.
		if conflict.Ahead {
			if _, e := w.Archive.ReadSeal(ctx, uint64(conflict.Size-1)); e == nil {
				return nil
			} else if !errors.Is(e, fs.ErrNotExist) {
				return e
			}
		}
		if w.reported != conflict.Text {
			if e := w.Conflicted(ctx, conflict); e != nil {
				return errors.Join(err, fmt.Errorf("and the audit does not take it: %w", e))
			}
			w.reported = conflict.Text
		}
	}
	if err != nil {
		return err
	}
	w.looked, w.reported = true, ""
	return nil
}

// give compares, and gives the place the checkpoint when that is larger than what it has.
func (w *Witness) give(ctx context.Context, c transparency.Checkpoint, newest []byte) error {
	note, err := w.place.Newest(ctx, c.Origin)
	if err != nil {
		return err
	}
	s := Step{Note: newest, Checkpoint: c, Prove: func(old int64) ([]transparency.Hash, error) { return w.Archive.ProveGrowth(ctx, old, c) }}
	if note != nil {
		old, err := transparency.ReadCheckpoint(note)
		if err != nil {
			return &Conflict{Text: fmt.Sprintf("what it has of %s is damaged: %v", c.Origin, err)}
		}
		if err := w.compare(ctx, old, c); err != nil {
			return err
		}
		w.has(old.Size, note, time.Time{})
		if old.Size >= c.Size {
			w.last, w.given = &c, w.Now()
			return nil
		}
		s.Old = old.Size
	}
	kept, err := w.place.Keep(ctx, s)
	if err != nil {
		return err
	}
	w.last, w.given = &c, w.Now()
	w.has(c.Size, kept, w.given)
	return nil
}

func (w *Witness) has(size int64, note []byte, kept time.Time) {
	w.note(func(s *Status) {
		if s.Note != string(note) {
			s.Size, s.Note, s.Kept = size, string(note), kept
		}
		s.LastError, s.Conflict = "", ""
	})
}

// compare checks what the place has against the newest checkpoint of the archive.
func (w *Witness) compare(ctx context.Context, old, c transparency.Checkpoint) error {
	small, large := old, c
	if old.Size > c.Size {
		small, large = c, old
	}
	if old.Origin != c.Origin {
		return &Conflict{Size: old.Size, Text: fmt.Sprintf("it has a checkpoint of %s in the place of %s", old.Origin, c.Origin)}
	}
	if w.last != nil && *w.last == old {
		return nil // it is our own: the archive only grew since
	}
	proof, err := w.Archive.ProveGrowth(ctx, small.Size, large)
	switch {
	case errors.Is(err, fs.ErrNotExist) && old.Size > c.Size:
		return &Conflict{Size: old.Size, Text: fmt.Sprintf("it has a checkpoint over %d seals, and the archive has %d: the end was cut off, or the archive was replaced by an older copy", old.Size, c.Size)}
	case errors.Is(err, archive.ErrForked), err == nil && !transparency.CheckGrowth(proof, small, large):
		return &Conflict{Size: old.Size, Text: fmt.Sprintf("it has a checkpoint over %d seals that are not those of the archive: seals were written anew", old.Size)}
	}
	return err
}
