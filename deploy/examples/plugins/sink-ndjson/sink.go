package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// settings are what the config block may say.
type settings struct {
	File     string `json:"file"`
	MaxBytes int    `json:"max_bytes"`
}

// sink appends events to a file. It knows the ids of all events in it, as an event may
// come again: an example that is to hold millions would ask a database instead.
type sink struct {
	settings
	file *os.File // nil: not open yet
	size int64    // of whole lines
	has  map[string]bool
}

var (
	_ plugins.Sink = (*sink)(nil)
	_ io.Closer    = (*sink)(nil)
)

func newSink(config []byte) (*sink, error) {
	s := &sink{settings: settings{MaxBytes: 1 << 20}}
	if err := plugins.DecodeConfig(config, &s.settings); err != nil {
		return nil, err
	}
	if s.File == "" {
		return nil, &plugins.ConfigError{Problems: []plugins.Problem{{Path: []string{"file"}, Text: `a file is needed: write file = "/var/log/audit.ndjson"`}}}
	}
	return s, nil
}

// open reads what the file holds. Half a line at its end is of a write that did not
// come to its end: its event comes again.
func (s *sink) open() error {
	f, err := os.OpenFile(s.File, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	s.has, s.size = map[string]bool{}, 0
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		var e event.Event
		if err == nil {
			e, err = event.ParseJSON(bytes.TrimSpace(line))
		}
		if err != nil {
			f.Close()
			return fmt.Errorf("%s at %d: %w", s.File, s.size, err)
		}
		s.has[e.ID] = true
		s.size += int64(len(line))
	}
	s.file = f
	return nil
}

func (s *sink) Write(ctx context.Context, events []event.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.file == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	refused, fresh := map[int]error{}, map[string]bool{}
	var text []byte
	for i := range events {
		if id := events[i].ID; !s.has[id] && !fresh[id] {
			line := append(events[i].AppendJSON(nil), '\n')
			if len(line) > s.MaxBytes {
				refused[i] = fmt.Errorf("the event has %d bytes, and max_bytes is %d", len(line), s.MaxBytes)
				continue
			}
			text, fresh[id] = append(text, line...), true
		}
	}
	// Nothing counts before the sync: whatever fails, the next Write begins at the same place.
	if _, err := s.file.WriteAt(text, s.size); err != nil {
		return err
	}
	if err := errors.Join(s.file.Truncate(s.size+int64(len(text))), s.file.Sync()); err != nil {
		return err
	}
	s.size += int64(len(text))
	for id := range fresh {
		s.has[id] = true
	}
	if len(refused) > 0 {
		return &plugins.BatchError{Refused: refused}
	}
	return nil
}

func (s *sink) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
