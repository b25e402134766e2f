package spool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/actiontrail/actiontrail/internal/wire"
)

// Batch is a record of the spool, to be published.
type Batch struct {
	Header  wire.Header
	Message []byte // the bytes as they were appended
}

// Next is the first batch that is not acknowledged; it blocks until there is one
// that is durable. The same batch comes again until it is released. Its bytes are
// good until the next Next; one goroutine calls it.
func (s *Spool) Next(ctx context.Context) (Batch, error) {
	for {
		s.mu.Lock()
		g, at, end := s.first()
		failed, wake := s.failed, s.wake
		s.mu.Unlock()
		switch {
		case failed != nil:
			return Batch{}, failed
		case g != nil:
			message, err := readRecord(g.f, at, end, s.message)
			s.message = message
			if err != nil {
				return Batch{}, fmt.Errorf("%s at byte %d: %w", g.path, at, err)
			}
			header, _, err := wire.ReadHeader(message)
			if err != nil {
				return Batch{}, fmt.Errorf("%s at byte %d: %w", g.path, at, err)
			}
			return Batch{header, message}, nil
		}
		select {
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		case <-wake:
		}
	}
}

// first finds the first record that is not acknowledged; nil while there is none that is durable.
// at is its offset in the segment, end that behind the last record.
func (s *Spool) first() (g *segment, at, end int64) {
	if s.sent >= s.synced {
		return nil, 0, 0
	}
	for _, g := range s.segments {
		if s.sent < g.first+g.count {
			if g != s.sentIn {
				s.sentIn, s.sentAt = g, headSize
			}
			return g, s.sentAt, g.end
		}
	}
	return nil, 0, 0
}

// Changed is closed when a record has become durable or has gone, or when the spool has failed.
func (s *Spool) Changed() <-chan struct{} { s.mu.Lock(); defer s.mu.Unlock(); return s.wake }

func (s *Spool) notify() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// Release tells that the batch which Next gives is in the stream. Segments that
// are wholly acknowledged are removed, except the newest. What is released is
// not written down: at the next start the stream itself tells.
func (s *Spool) Release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.pass(); err != nil {
		return err
	}
	s.notify()
	return s.removeSent()
}

// pass goes on behind the first record that is not acknowledged.
func (s *Spool) pass() error {
	g, at, _ := s.first()
	if g == nil {
		return errors.New("release: nothing is pending")
	}
	var head [4]byte
	if _, err := g.f.ReadAt(head[:], at); err != nil {
		return fmt.Errorf("%s at byte %d: %w", g.path, at, err)
	}
	length := recordHead + int64(binary.LittleEndian.Uint32(head[:]))
	s.sent++
	s.sentAt += length
	s.pending -= length
	return nil
}

func (s *Spool) removeSent() error {
	for len(s.segments) > 1 && s.segments[1].first <= s.sent {
		g := s.segments[0]
		if err := os.Remove(g.path); err != nil {
			return err
		}
		s.segments = s.segments[1:]
		if err := g.f.Close(); err != nil {
			return err
		}
	}
	return nil
}
