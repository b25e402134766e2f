package bundle

import (
	"archive/zip"
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// earlier is how far the clock of a source may be ahead: seals from so long before
// the period are looked through.
const earlier = 5 * time.Minute

// Request says what is to be in a bundle.
type Request struct {
	Bucket          archive.Bucket
	Identities      archive.Identities // open encrypted objects
	Trail, Delivery string
	Tool            string
	From, To        time.Time // of eventTime
	Late            time.Duration
	Where           string
	Filter          query.Expr // nil: all events
	Checkpoint      []byte     // the newest
	Witnessed       []Witnessed
	Keys            []transparency.Key // of which one signed the checkpoint
	Now             func() time.Time
	Temp            string // folder for what cannot be streamed; "": the system's
}

// Witnessed is a checkpoint that a witness has.
type Witnessed struct {
	Name string
	Key  string // public, of one that cosigns; "": it does not
	Note []byte
}

// ErrNothing tells that the archive has no seal of the period.
var ErrNothing = errors.New("the archive has no seal of this period")

// writer makes one bundle.
type writer struct {
	Request
	ctx        context.Context
	zip        *zip.Writer
	manifest   Manifest
	checkpoint transparency.Checkpoint
	key        transparency.Key
	vkey       string
	totals     *totals
	expires    bool // seals say that objects go
}

// Write makes a bundle. What it needs in memory does not grow with the events, but
// for 32 bytes for each event of one object. The objects must be what their seals
// name: one that is not is an error, and so is one that is missing and had not to go.
func Write(ctx context.Context, to io.Writer, r Request) (*Manifest, error) {
	w := &writer{Request: r, ctx: ctx, zip: zip.NewWriter(to), totals: newTotals()}
	if err := w.open(); err != nil {
		return nil, err
	}
	objects, err := os.CreateTemp(w.Temp, "actiontrail-bundle-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(objects.Name())
	defer objects.Close()
	steps := []struct {
		name  string
		write func(io.Writer) error
	}{
		{sealsName, w.seals},
		{eventsName, func(to io.Writer) error { return w.events(to, objects) }},
		{objectsName, func(to io.Writer) error { return copyBack(to, objects) }},
		{logName, w.log},
		{checkpointName, func(to io.Writer) error { _, err := to.Write(w.Checkpoint); return err }},
		{keysName, w.keys},
		{reportName, w.report},
	}
	for _, s := range steps {
		if err := w.member(s.name, s.write); err != nil {
			return nil, err
		}
	}
	manifest, err := encode(&w.manifest, "  ")
	if err != nil {
		return nil, err
	}
	signed, err := sign(w.manifest.Origin, manifest, w.key)
	if err != nil {
		return nil, fmt.Errorf("sign the manifest: %w", err)
	}
	if err := w.plain(manifestName, manifest); err != nil {
		return nil, err
	}
	if err := w.plain(signatureName, signed); err != nil {
		return nil, err
	}
	return &w.manifest, w.zip.Close()
}

// open finds the seals, and the key that signs.
func (w *writer) open() error {
	var err error
	if w.checkpoint, err = transparency.ReadCheckpoint(w.Checkpoint); err != nil {
		return fmt.Errorf("the checkpoint: %w", err)
	}
	var vkeys []string
	for _, k := range w.Keys {
		vkey, err := k.VKey(w.checkpoint.Origin)
		if err != nil {
			return err
		}
		vkeys = append(vkeys, vkey)
	}
	_, by, err := transparency.OpenCheckpoint(w.Checkpoint, vkeys)
	if err != nil {
		return fmt.Errorf("the checkpoint over %d seals: %w", w.checkpoint.Size, err)
	}
	for i, vkey := range vkeys {
		if vkey == by[0] {
			w.key, w.vkey = w.Keys[i], vkey
		}
	}
	w.manifest = Manifest{Format: format, Version: version, Origin: w.checkpoint.Origin, Trail: w.Trail, Delivery: w.Delivery, Tool: w.Tool, Made: w.Now().UTC().Truncate(time.Second),
		From: w.From.UTC(), To: w.To.UTC(), Until: w.To.Add(w.Late).UTC(), Where: w.Where, Members: []Member{}}
	first, err := w.sealAt(w.From.Add(-earlier))
	if err != nil {
		return err
	}
	last, err := w.sealAt(w.manifest.Until)
	if err != nil {
		return err
	}
	end := uint64(w.checkpoint.Size - 1)
	last = min(last, end)
	if last == end {
		// Its objects may be on their way.
		if s, _, err := archive.ReadSeal(w.ctx, w.Bucket, last); err != nil {
			return err
		} else if there, err := w.whole(s); err != nil {
			return err
		} else if !there && (s.Keep == nil || s.Keep.Expire == 0) {
			if last == 0 {
				return ErrNothing
			}
			last--
		}
	}
	if first > last {
		return fmt.Errorf("%w: its last seal under the checkpoint is %d", ErrNothing, last)
	}
	w.manifest.Seals.First, w.manifest.Seals.Last = first, last
	return nil
}

// sealAt is the first seal that was made at a time or later; one more than there are for none.
func (w *writer) sealAt(t time.Time) (uint64, error) {
	var failed error
	n := sort.Search(int(w.checkpoint.Size), func(i int) bool {
		if failed != nil {
			return true
		}
		s, _, err := archive.ReadSeal(w.ctx, w.Bucket, uint64(i))
		if err != nil {
			failed = err
			return true
		}
		return !s.Time.Before(t)
	})
	return uint64(n), failed
}

func (w *writer) whole(s *archive.Seal) (bool, error) {
	for _, o := range s.Objects {
		if _, err := w.Bucket.Head(w.ctx, o.Key); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	return true, nil
}

// member writes one, and lists it.
func (w *writer) member(name string, write func(io.Writer) error) error {
	f, err := w.create(name)
	if err != nil {
		return err
	}
	h := &counting{to: f, hash: sha256.New()}
	b := bufio.NewWriterSize(h, 64<<10)
	if err := write(b); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	w.manifest.Members = append(w.manifest.Members, Member{name, h.bytes, event.Hash(h.hash.Sum(nil))})
	return nil
}

func (w *writer) plain(name string, data []byte) error {
	f, err := w.create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return err
}

func (w *writer) create(name string) (io.Writer, error) {
	return w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: w.manifest.Made})
}

// seals writes the seals and gathers what they tell.
func (w *writer) seals(to io.Writer) error {
	m := &w.manifest.Seals
	for n := m.First; n <= m.Last; n++ {
		s, data, err := archive.ReadSeal(w.ctx, w.Bucket, n)
		if err != nil {
			return err
		}
		if _, err := to.Write(data); err != nil {
			return err
		}
		if n == m.First {
			m.From = s.Time
		}
		m.To = s.Time
		w.expires = w.expires || s.Keep != nil && s.Keep.Expire > 0
		w.totals.seal(s)
	}
	return nil
}

// events writes the events, and beside them what is needed to prove them.
func (w *writer) events(to io.Writer, objects io.Writer) error {
	lines := bufio.NewWriterSize(objects, 64<<10)
	for n := w.manifest.Seals.First; n <= w.manifest.Seals.Last; n++ {
		s, _, err := archive.ReadSeal(w.ctx, w.Bucket, n)
		if err != nil {
			return err
		}
		if s.Amends != nil {
			continue // its objects are those of another seal, in another form
		}
		for i := range s.Objects {
			line, err := w.object(to, s, &s.Objects[i])
			if err != nil {
				return err
			}
			text, err := encode(line, "")
			if err != nil {
				return err
			}
			if _, err := lines.Write(text); err != nil {
				return err
			}
		}
	}
	return lines.Flush()
}

func (w *writer) object(to io.Writer, s *archive.Seal, o *archive.Object) (*objectLine, error) {
	out := &objectLine{Seal: s.Number, Object: o.Key, Events: [][2]int64{}, Proof: []event.Hash{}}
	w.manifest.Sealed += o.Count
	var leaves []transparency.Hash
	var spans []transparency.Span
	err := archive.Lines(w.ctx, w.Bucket, o, w.Identities, func(line []byte) error {
		n := int64(len(leaves))
		leaves = append(leaves, transparency.LeafHash(line))
		e, err := event.ParseJSON(line)
		if err != nil {
			return fmt.Errorf("line %d is no event: %w", n+1, err)
		}
		if !takes(&e, w.manifest.From, w.manifest.To, w.Filter) {
			return nil
		}
		if k := len(spans) - 1; k >= 0 && spans[k].To == n {
			spans[k].To++
		} else {
			spans = append(spans, transparency.Span{From: n, To: n + 1})
		}
		w.manifest.Events++
		w.totals.event(&e)
		if _, err := to.Write(line); err != nil {
			return err
		}
		_, err = to.Write([]byte{'\n'})
		return err
	})
	switch {
	case errors.Is(err, fs.ErrNotExist) && w.expires:
		out.Gone = true
		w.manifest.Gone += o.Count
		return out, nil
	case err != nil:
		return nil, fmt.Errorf("object %s: %w", o.Key, err)
	}
	if root, err := rootOf(leaves); err != nil {
		return nil, err
	} else if event.Hash(root) != o.Logical || uint64(len(leaves)) != o.Count {
		return nil, fmt.Errorf("object %s does not have the events that seal %d names: run verify", o.Key, s.Number)
	}
	if len(spans) == 0 {
		return out, nil
	}
	proof, err := transparency.ProveSpans(int64(len(leaves)), spans, transparency.SubtreeOf(leaves))
	if err != nil {
		return nil, err
	}
	for _, x := range spans {
		out.Events = append(out.Events, [2]int64{x.From, x.To})
	}
	out.Proof = eventHashes(proof)
	return out, nil
}

func rootOf(leaves []transparency.Hash) (transparency.Hash, error) {
	n, at := int64(len(leaves)), 0
	if n == 0 {
		return transparency.Hash{}, nil // no object is empty
	}
	return transparency.SpansRoot(n, []transparency.Span{{From: 0, To: n}}, nil, func() (transparency.Hash, error) { at++; return leaves[at-1], nil })
}

// takes tells whether an event belongs to a bundle.
func takes(e *event.Event, from, to time.Time, filter query.Expr) bool {
	t := e.Time
	if t.IsZero() {
		t = e.Origin.Observed
	}
	if at := t.Std(); t.IsZero() || at.Before(from) || !at.Before(to) {
		return false
	}
	return filter == nil || filter.Match(e)
}

// log writes how the seals are in the log.
func (w *writer) log(to io.Writer) error {
	proof, err := archive.ProveSeals(w.ctx, w.Bucket, w.checkpoint, int64(w.manifest.Seals.First), int64(w.manifest.Seals.Last))
	if err != nil {
		return fmt.Errorf("prove the seals: %w", err)
	}
	m := logMember{Seals: eventHashes(proof), Witnessed: []witnessed{}}
	for _, x := range w.Witnessed {
		c, err := transparency.ReadCheckpoint(x.Note)
		if err != nil || c.Origin != w.checkpoint.Origin || c.Size > w.checkpoint.Size {
			continue // it has a newer one, or none of this log: this bundle can do without
		}
		proof, err := archive.ProveGrowth(w.ctx, w.Bucket, c.Size, w.checkpoint)
		if err != nil {
			return err
		}
		if !transparency.CheckGrowth(proof, c, w.checkpoint) {
			return fmt.Errorf("witness %s has a checkpoint over %d seals that the archive is not consistent with: run verify", x.Name, c.Size)
		}
		y := witnessed{Name: x.Name, Key: x.Key, Note: string(x.Note), Proof: eventHashes(proof)}
		m.Witnessed = append(m.Witnessed, y)
		w.totals.witness(y, c)
	}
	data, err := encode(&m, "  ")
	if err != nil {
		return err
	}
	_, err = to.Write(data)
	return err
}

func (w *writer) keys(to io.Writer) error {
	_, err := fmt.Fprintf(to, "# The public key that signed this bundle and its checkpoint. Compare it with the one that was published.\n%s\n", w.vkey)
	return err
}

// copyBack gives what was written to a file.
func copyBack(to io.Writer, f *os.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(to, f)
	return err
}

// counting hashes and counts what is written through it.
type counting struct {
	to    io.Writer
	hash  hash.Hash
	bytes int64
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.hash.Write(p[:n])
	c.bytes += int64(n)
	return n, err
}

// FileName is what a bundle is called.
func FileName(m Request) string {
	form := "20060102T150405Z"
	return strings.Join([]string{"actiontrail", m.Trail, m.From.UTC().Format(form), m.To.UTC().Format(form)}, "_") + ".zip"
}
