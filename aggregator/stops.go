package aggregator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"
)

// stopsVersion is the version of the file.
const stopsVersion = 1

// Stop is a part of the stream, after < seq ≤ to, in which a trail was stopped.
type Stop struct {
	After uint64    `json:"after"`
	To    uint64    `json:"to,omitempty"` // 0: the trail is stopped still
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"`
}

func (s *Stop) over() bool { return !s.Until.IsZero() }

// Stops keeps in which parts of the stream trails were stopped, in one file
// (docs/format/stops.md). A part never changes once it is over: who reads the
// stream again, or is paid it from the index, comes to the same answer.
type Stops struct {
	path string
	now  func() time.Time

	mu    sync.RWMutex
	share Share
	parts map[string][]Stop // by trail, in the order of the stream
}

type stopsFile struct {
	Version int               `json:"version"`
	Trails  map[string][]Stop `json:"trails"`
}

// OpenStops reads the file; without one no trail was ever stopped.
func OpenStops(path string, now func() time.Time) (*Stops, error) {
	s := &Stops{path: path, now: now}
	if err := s.Reload(nil); err != nil {
		return nil, err
	}
	return s, nil
}

// Reload reads the file again, which another aggregator has changed; from now on
// every change is shared, too.
func (s *Stops) Reload(share Share) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.share = share
	parts := map[string][]Stop{}
	data, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		s.parts = parts
		return nil
	}
	if err == nil {
		parts, err = parseStops(data)
	}
	if err != nil {
		return fmt.Errorf("stops of trails in %s: %w; restore it from a copy: without it stopped trails would run", s.path, err)
	}
	s.parts = parts
	return nil
}

func parseStops(data []byte) (map[string][]Stop, error) {
	var file stopsFile
	if err := decodeKept(data, &file, &file.Version, stopsVersion); err != nil {
		return nil, err
	}
	for name, parts := range file.Trails {
		end := uint64(0)
		for i, p := range parts {
			open := !p.over()
			if p.After < end || !open && p.To < p.After || open && (p.To != 0 || i != len(parts)-1) || p.Since.IsZero() {
				return nil, fmt.Errorf("the stops of trail %q are not parts of the stream in order", name)
			}
			end = p.To
		}
	}
	if file.Trails == nil {
		file.Trails = map[string][]Stop{}
	}
	return file.Trails, nil
}

// At tells whether the trail was stopped at this place in the stream, and since when.
func (s *Stops) At(trail string, seq uint64) (since time.Time, stopped bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	parts := s.parts[trail]
	for i := len(parts) - 1; i >= 0; i-- {
		if p := &parts[i]; seq > p.After {
			return p.Since, !p.over() || seq <= p.To
		}
	}
	return time.Time{}, false
}

// Stopped is the stop that the trail is in now; false when it runs.
func (s *Stops) Stopped(trail string) (Stop, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return stopped(s.parts[trail])
}

func stopped(parts []Stop) (Stop, bool) {
	if n := len(parts); n > 0 && !parts[n-1].over() {
		return parts[n-1], true
	}
	return Stop{}, false
}

// Stop stops a trail behind what the stream has now: last gives its last seq. false:
// it was stopped already. While it is asked and written nobody gets an answer from
// At, so that all deliveries of the trail stop at one place.
func (s *Stops) Stop(ctx context.Context, trail string, last func(context.Context) (uint64, error)) (bool, error) {
	return s.change(ctx, trail, false, last)
}

// Start has a stopped trail go on behind what the stream has now.
func (s *Stops) Start(ctx context.Context, trail string, last func(context.Context) (uint64, error)) (bool, error) {
	return s.change(ctx, trail, true, last)
}

func (s *Stops) change(ctx context.Context, trail string, start bool, last func(context.Context) (uint64, error)) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := slices.Clone(s.parts[trail])
	if _, is := stopped(parts); is != start {
		return false, nil
	}
	seq, err := last(ctx)
	if err != nil {
		return false, fmt.Errorf("end of the stream: %w", err)
	}
	n := len(parts)
	now := s.now().UTC().Truncate(time.Millisecond)
	switch {
	case !start && n > 0 && seq < parts[n-1].To, start && seq < parts[n-1].After:
		return false, fmt.Errorf("the stream ends at seq %d, before the last start or stop of trail %s: is it the right one?", seq, trail)
	case start && seq == parts[n-1].After: // nothing came: At would never say that it was stopped
		parts = parts[:n-1]
	case start:
		parts[n-1].To, parts[n-1].Until = seq, now
	default:
		parts = append(parts, Stop{After: seq, Since: now})
	}
	after := maps.Clone(s.parts)
	if after[trail] = parts; len(parts) == 0 {
		delete(after, trail)
	}
	if err := writeKept(s.path, stopsFile{stopsVersion, after}, s.share); err != nil {
		return false, fmt.Errorf("stops of trails: %w", err)
	}
	s.parts = after
	return true, nil
}
