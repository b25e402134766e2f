// Package bucket reads archives of audit records: the objects that ActionTrail and
// CloudTrail deliver, in a store or in a folder, each a list of records in JSON, gzipped.
//
// The cursor tells which objects were read, and how far the one that is being read; the source goes on
// there, so that each record is read once. New objects are looked for from time to time, or the
// source ends when there are none (docs/format/fetch-mark.md).
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/fetch"
)

// Defaults of Config.
const (
	DefaultPoll    = time.Minute
	DefaultLate    = 72 * time.Hour
	DefaultMaxLine = 1 << 20
)

// Object is one of a store.
type Object struct {
	Key   string
	Bytes int64
}

// Store is where objects are.
type Store interface {
	// List gives the objects below a prefix, in the order of the bytes of their keys.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]
	// Read gives the bytes of an object as they are stored. An object that is not there is fs.ErrNotExist.
	Read(ctx context.Context, key string) (io.ReadCloser, error)
}

// Progress is how far the source is.
type Progress struct {
	Objects, Bytes         int64  // that were listed since the source was opened
	DoneObjects, DoneBytes int64  // those of them that were read
	Records                int64  // that were read since
	Current                string // the object that is being read; "": none is
}

// Config says what is read.
type Config struct {
	Store    Store
	Prefix   string           // of keys; "": all are read
	Poll     time.Duration    // how long after the last look for new objects; 0: DefaultPoll
	Once     bool             // the source ends when all objects are read that are there
	Late     time.Duration    // after its day an object may still come; 0: DefaultLate
	MaxLine  int64            // bytes of a record, longer ones are cut; 0: DefaultMaxLine
	Now      func() time.Time // for Late; nil: time.Now
	Progress func(Progress)   // called when an object begins and ends, and at the end of a look; nil: nobody is told
	Log      *slog.Logger     // nil: nobody is told
}

// Source is a plugins.Source of what archives hold.
type Source struct {
	fetch.Source
	config Config
}

// New checks the configuration; nothing is read.
func New(c Config) (*Source, error) {
	if c.Store == nil {
		return nil, errors.New("there is no store")
	}
	if c.Poll < 0 || c.Late < 0 || c.MaxLine < 0 {
		return nil, errors.New("a limit is negative")
	}
	if c.Poll == 0 {
		c.Poll = DefaultPoll
	}
	if c.Late == 0 {
		c.Late = DefaultLate
	}
	if c.MaxLine == 0 {
		c.MaxLine = DefaultMaxLine
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Source{config: c}, nil
}

// Open begins to read where the cursor is.
func (s *Source) Open(_ context.Context, at plugins.Cursor) error {
	return s.Begin(func() (fetch.Work, error) {
		w, err := newWalk(&s.config, at)
		if err != nil {
			return nil, err
		}
		return w.run, nil
	})
}

// read tells whether an object holds records. Digests of CloudTrail say what was delivered.
func read(o Object) bool {
	return o.Bytes > 0 && !strings.HasSuffix(o.Key, "/") && !strings.Contains("/"+o.Key, "/CloudTrail-Digest/")
}

func failed(what string, err error) error { return fmt.Errorf("%s: %w", what, err) }
