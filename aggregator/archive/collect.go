package archive

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
	"github.com/actiontrail/actiontrail/query"
)

const (
	// spillAt is how many bytes of lines are kept in memory before they go to their files.
	spillAt = 4 << 20
	// mostParts is how many objects a seal has about at most, whatever the events name themselves.
	mostParts = 1024
	// objectSuffix ends the names of finished objects in the staging folder.
	objectSuffix = ".object"
)

// collector gathers what matches from the batches of one seal to be: the lines
// of each object in a file of their own, not synced, since until the seal is
// written the stream has it all. Its result is a function of the batches and of
// filter, layout and trail alone.
type collector struct {
	dir     string // for the lines
	trail   string
	filter  query.Expr // nil: all match
	text    string     // what filter was parsed from
	paid    *Paid      // the batches are not read from the stream; nil: they are
	stopped *Stopped   // the trail is, and nothing matches; nil: it runs
	layout  layout.Layout
	codec   Codec
	// recipients are keys of age, with a codec that encrypts.
	recipients []string
	level      int // of compression
	spills     int // bytes of lines in memory
	step       func(string) error

	scanned  []Scanned
	last     map[event.Lane]int
	batches  int
	events   uint64
	matched  uint64
	bytes    int64     // of lines
	since    time.Time // when the first match came
	parts    map[layout.Folder]*part
	buffered int
}

// part are the lines of one object.
type part struct {
	folder  layout.Folder
	path    string
	spilled bool
	buf     []byte
	count   uint64
	bytes   int64
	tree    tree
}

// take adds a batch that follows p, and that had so many more events than it has
// now. p is not moved.
func (c *collector) take(p *event.Position, b *event.Batch, lost uint64, now time.Time) error {
	if c.last == nil {
		c.last, c.parts = map[event.Lane]int{}, map[layout.Folder]*part{}
	}
	c.scan(p, b).Events += lost
	c.batches++
	c.events += uint64(len(b.Events)) + lost
	if c.paid != nil {
		c.paid.Lost += lost
	}
	for i := range b.Events {
		e := &b.Events[i]
		if c.stopped == nil && (c.filter == nil || c.filter.Match(e)) {
			c.add(b.Lane, e)
		}
	}
	if c.matched > 0 && c.since.IsZero() {
		c.since = now
	}
	if c.buffered < c.spills {
		return nil
	}
	return c.spill()
}

func (c *collector) add(lane event.Lane, e *event.Event) {
	folder := c.layout.Folder(lane, e)
	p := c.parts[folder]
	if p == nil {
		p = &part{folder: folder, path: filepath.Join(c.dir, fmt.Sprintf("%06d.ndjson", len(c.parts)))}
		c.parts[folder] = p
	}
	from := len(p.buf)
	p.buf = e.AppendJSON(p.buf)
	p.tree.add(p.buf[from:])
	p.buf = append(p.buf, '\n')
	p.count++
	p.bytes += int64(len(p.buf) - from)
	c.matched++
	c.bytes += int64(len(p.buf) - from)
	c.buffered += len(p.buf) - from
}

// spill moves the lines in memory to their files.
func (c *collector) spill() error {
	if err := c.step("spill"); err != nil {
		return err
	}
	for _, p := range c.parts {
		if len(p.buf) == 0 {
			continue
		}
		if err := p.spill(); err != nil {
			return fmt.Errorf("stage events: %w", err)
		}
	}
	c.buffered = 0
	return nil
}

func (p *part) spill() error {
	mode := os.O_WRONLY | os.O_APPEND
	if !p.spilled {
		mode |= os.O_CREATE | os.O_EXCL // lines that something else left there are not ours
	}
	f, err := os.OpenFile(p.path, mode, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(p.buf)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	p.spilled, p.buf = true, nil
	return nil
}

// finish writes the objects as they are to be stored into the folder, fsynced,
// each under the name staged gives it, and returns them in the order of their
// keys, which have the number and the time of the seal.
func (c *collector) finish(dir string, seal uint64, now time.Time) ([]Object, error) {
	objects := make([]Object, 0, len(c.parts))
	recipients, err := ParseRecipients(c.recipients)
	if err != nil {
		return nil, err
	}
	packer := &packer{codec: c.codec, level: c.level, recipients: recipients}
	for _, p := range c.parts {
		o, err := c.pack(packer, dir, layout.Object{Trail: c.trail, Seal: seal, Time: now}, p)
		if err != nil {
			return nil, fmt.Errorf("stage an object: %w", err)
		}
		objects = append(objects, o)
	}
	slices.SortFunc(objects, func(a, b Object) int { return cmp.Compare(a.Key, b.Key) })
	if err := c.step("sync staging"); err != nil {
		return nil, err
	}
	return objects, durable.SyncDir(dir)
}

func (c *collector) pack(packer *packer, dir string, named layout.Object, p *part) (Object, error) {
	if err := c.step("compress"); err != nil {
		return Object{}, err
	}
	o := Object{Count: p.count, Logical: p.tree.root(), Codec: c.codec}
	named.Count, named.Bytes, named.Logical, named.Codec = o.Count, p.bytes, o.Logical, string(o.Codec)
	o.Key = c.layout.Key(p.folder, named)
	f, err := os.CreateTemp(dir, "*"+durable.TemporarySuffix)
	if err != nil {
		return o, err
	}
	defer f.Close()
	hash := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(f, hash), 64<<10)
	w, err := packer.writer(out)
	if err != nil {
		return o, err
	}
	if err := p.copyTo(w); err != nil {
		return o, err
	}
	if err := errors.Join(w.Close(), out.Flush(), f.Sync()); err != nil {
		return o, err
	}
	if o.Bytes, err = f.Seek(0, io.SeekCurrent); err != nil {
		return o, err
	}
	o.SHA256 = event.Hash(hash.Sum(nil))
	return o, os.Rename(f.Name(), staged(dir, o.SHA256))
}

// copyTo writes the lines, first those in the file.
func (p *part) copyTo(w io.Writer) error {
	if p.spilled {
		f, err := os.Open(p.path)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	_, err := w.Write(p.buf)
	return err
}

// staged is where an object with these stored bytes lies until it is in the bucket.
func staged(dir string, sha256 event.Hash) string {
	return filepath.Join(dir, sha256.String()+objectSuffix)
}

// scan notes that a batch, which the position calls next or a gap before it, was looked at.
func (c *collector) scan(p *event.Position, b *event.Batch) *Scanned {
	from, to := p.Missing(b)
	i, ok := c.last[b.Lane]
	if !ok || from <= to {
		s := Scanned{Lane: b.Lane, From: b.Number, Prev: b.Prev, First: b.Hash}
		if from <= to {
			s.Gap = &Range{from, to}
		}
		i = len(c.scanned)
		c.scanned = append(c.scanned, s)
		c.last[b.Lane] = i
	}
	s := &c.scanned[i]
	s.To, s.Last = b.Number, b.Hash
	s.Events += uint64(len(b.Events))
	if b.Snapshot {
		s.Snapshot = b.Seq
	}
	return s
}
