package bundle

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// Bounds of what is read of a bundle that may be anybody's.
const (
	longestLine  = 256 << 20 // a seal
	longestSmall = 64 << 20  // manifest, log, keys, notes
)

// Options say by what a bundle is judged.
type Options struct {
	Keys  []string // public keys (vkeys); none: those that it brings along
	Parse func(string) (query.Expr, error)
}

// Result is what Verify found.
type Result struct {
	Manifest   Manifest          `json:"manifest"`
	Checkpoint int64             `json:"checkpoint"` // seals under it
	Judged     string            `json:"judgedBy"`   // "keys": that were given; "bundle": its own
	By         []string          `json:"signedBy"`   // keys that signed the manifest
	Events     uint64            `json:"events"`     // proved
	Witnesses  []Witness         `json:"witnesses,omitempty"`
	Problems   []archive.Problem `json:"problems"`
}

// Witness is a checkpoint of a witness that the bundle's goes on from.
type Witness struct {
	Name       string    `json:"name"`
	Seals      int64     `json:"seals"`
	Key        string    `json:"key,omitempty"`
	CosignedAt time.Time `json:"cosignedAt,omitzero"`
}

// OK tells whether all is well.
func (r *Result) OK() bool { return len(r.Problems) == 0 }

func (r *Result) problem(member, format string, args ...any) {
	r.Problems = append(r.Problems, archive.Problem{Key: member, Text: fmt.Sprintf(format, args...)})
}

type verifier struct {
	Options
	ctx        context.Context
	files      map[string]*zip.File
	result     Result
	keys       []string
	checkpoint transparency.Checkpoint
	filter     query.Expr
}

// Verify checks a bundle: each member, the signature, and that the events are those that
// were sealed. What is wrong stands in the result; the error is that it is no bundle
// at all, or that it could not be read.
func Verify(ctx context.Context, in io.ReaderAt, size int64, o Options) (*Result, error) {
	z, err := zip.NewReader(in, size)
	if err != nil {
		return nil, fmt.Errorf("it is no zip: %w", err)
	}
	v := &verifier{Options: o, ctx: ctx, files: map[string]*zip.File{}}
	v.result.Problems = []archive.Problem{}
	names := append(listed(), manifestName, signatureName)
	for i, f := range z.File {
		if i >= len(names) || f.Name != names[i] {
			v.result.problem(f.Name, "it is no part of a bundle, or in another place: it was added or moved")
		}
		if v.files[f.Name] != nil {
			v.result.problem(f.Name, "it is there twice")
			continue
		}
		v.files[f.Name] = f
	}
	for _, name := range names {
		if v.files[name] == nil {
			v.result.problem(name, "it is missing")
		}
	}
	if z.Comment != "" {
		v.result.problem(manifestName, "something was added behind the zip")
	}
	if v.files[manifestName] == nil || v.files[signatureName] == nil {
		return &v.result, nil
	}
	if err := v.manifest(); err != nil {
		return nil, err
	}
	for _, step := range []struct {
		member string
		check  func() error
	}{{checkpointName, v.openCheckpoint}, {sealsName, v.seals}, {eventsName, v.events}} {
		if v.files[step.member] == nil {
			continue
		}
		if err := step.check(); err != nil {
			if e := ctx.Err(); e != nil {
				return nil, e
			}
			v.result.problem(step.member, "%v", err)
		}
	}
	return &v.result, nil
}

// manifest reads it, its signature, and the bytes that it lists.
func (v *verifier) manifest() error {
	data, err := v.small(manifestName)
	if err != nil {
		return err
	}
	m := &v.result.Manifest
	if err := decode(data, "  ", m); err != nil {
		return fmt.Errorf("%s: it is no manifest of a bundle: %w", manifestName, err)
	}
	if m.Format != format || m.Version != version {
		return fmt.Errorf("%s: bundles of format %q, version %d are not supported, only %q, %d: use a later release", manifestName, m.Format, m.Version, format, version)
	}
	if v.filter = nil; m.Where != "" {
		if v.filter, err = v.Parse(m.Where); err != nil {
			v.result.problem(manifestName, "where cannot be read: %v", err)
		}
	}
	v.keys, v.result.Judged = v.Keys, "keys"
	if len(v.keys) == 0 {
		v.result.Judged = "bundle"
		text, err := v.small(keysName)
		if err == nil {
			v.keys, err = transparency.ParseVKeys(text)
		}
		if err != nil {
			v.result.problem(keysName, "%v", err)
		}
	}
	signed, err := v.small(signatureName)
	if err == nil {
		v.result.By, err = opened(signed, m.Origin, data, v.keys)
	}
	if err != nil {
		v.result.problem(signatureName, "%v", err)
	}
	if !slices.EqualFunc(m.Members, listed(), func(x Member, name string) bool { return x.Name == name }) {
		v.result.problem(manifestName, "it does not list the members of a bundle")
		return nil
	}
	for _, x := range m.Members {
		if err := v.member(x); err != nil {
			return err
		}
	}
	return nil
}

// member compares one with what the manifest says of it.
func (v *verifier) member(x Member) error {
	f := v.files[x.Name]
	if f == nil {
		return nil // told already
	}
	r, err := f.Open()
	if err != nil {
		v.result.problem(x.Name, "it cannot be read: %v", err)
		return nil
	}
	defer r.Close()
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(&cancelled{v.ctx, r}, x.Bytes+1))
	switch {
	case v.ctx.Err() != nil:
		return v.ctx.Err()
	case err != nil:
		v.result.problem(x.Name, "it cannot be read: %v", err)
	case n != x.Bytes || event.Hash(h.Sum(nil)) != x.SHA256:
		v.result.problem(x.Name, "its bytes are not those that the manifest names: it was edited, or put in the place of another")
	}
	return nil
}

// openCheckpoint opens it, and what witnesses have.
func (v *verifier) openCheckpoint() error {
	data, err := v.small(checkpointName)
	if err != nil {
		return err
	}
	if v.checkpoint, _, err = transparency.OpenCheckpoint(data, v.keys); err != nil {
		return err
	}
	if v.checkpoint.Origin != v.result.Manifest.Origin {
		return fmt.Errorf("it is of %s, the bundle of %s", v.checkpoint.Origin, v.result.Manifest.Origin)
	}
	v.result.Checkpoint = v.checkpoint.Size
	return nil
}

// readLog reads how the seals are in the log, and checks what witnesses have.
func (v *verifier) readLog() (*logMember, error) {
	data, err := v.small(logName)
	if err != nil {
		return nil, err
	}
	var m logMember
	if err := decode(data, "  ", &m); err != nil {
		return nil, err
	}
	for _, x := range m.Witnessed {
		c, err := transparency.ReadCheckpoint([]byte(x.Note))
		if err != nil {
			return nil, fmt.Errorf("witness %s: %w", x.Name, err)
		}
		if c.Origin != v.checkpoint.Origin || !transparency.CheckGrowth(logHashes(x.Proof), c, v.checkpoint) {
			return nil, fmt.Errorf("the checkpoint of this bundle does not go on from that of witness %s over %d seals", x.Name, c.Size)
		}
		w := Witness{Name: x.Name, Seals: c.Size, Key: x.Key}
		if x.Key != "" {
			if w.CosignedAt, err = transparency.Cosigned([]byte(x.Note), x.Key); err != nil {
				return nil, err
			}
		}
		v.result.Witnesses = append(v.result.Witnesses, w)
	}
	return &m, nil
}

// seals checks that the seals are the leaves of the log that they say.
func (v *verifier) seals() error {
	if v.checkpoint.Size == 0 || v.files[logName] == nil {
		return errors.New("they cannot be checked: the checkpoint or " + logName + " is not there, or not right")
	}
	log, err := v.readLog()
	if err != nil {
		return fmt.Errorf("%s: %w", logName, err)
	}
	m := &v.result.Manifest.Seals
	if m.First > m.Last || m.Last >= uint64(v.checkpoint.Size) {
		return fmt.Errorf("the checkpoint is over %d seals, the bundle has seals %d to %d", v.checkpoint.Size, m.First, m.Last)
	}
	in, err := v.lines(sealsName)
	if err != nil {
		return err
	}
	defer in.close()
	next := m.First
	root, err := transparency.SpansRoot(v.checkpoint.Size, []transparency.Span{{From: int64(m.First), To: int64(m.Last) + 1}}, logHashes(log.Seals), func() (transparency.Hash, error) {
		s, line, err := in.seal()
		if err != nil {
			return transparency.Hash{}, fmt.Errorf("seal %d: %w", next, err)
		}
		switch {
		case s.Number != next:
			return transparency.Hash{}, fmt.Errorf("seal %d stands where seal %d should", s.Number, next)
		case s.Trail != v.result.Manifest.Trail:
			return transparency.Hash{}, fmt.Errorf("seal %d is of trail %s", s.Number, s.Trail)
		case next == m.First && !s.Time.Equal(m.From), next == m.Last && !s.Time.Equal(m.To):
			return transparency.Hash{}, fmt.Errorf("seal %d is of another time than the manifest says", s.Number)
		}
		next++
		return transparency.LeafHash(line), nil
	})
	if err != nil {
		return err
	}
	if root != v.checkpoint.Root {
		return fmt.Errorf("they are not the seals %d to %d that the checkpoint was signed over: one was edited, removed or added", m.First, m.Last)
	}
	return in.end()
}

// events checks that each event is one that was sealed, and that none of those that
// the proofs name is missing.
func (v *verifier) events() error {
	if v.files[sealsName] == nil || v.files[objectsName] == nil {
		return errors.New("they cannot be checked: there is no " + sealsName + " or " + objectsName)
	}
	seals, err := v.lines(sealsName)
	if err != nil {
		return err
	}
	defer seals.close()
	objects, err := v.lines(objectsName)
	if err != nil {
		return err
	}
	defer objects.close()
	events, err := v.lines(eventsName)
	if err != nil {
		return err
	}
	defer events.close()
	var sealed, gone uint64
	for {
		s, _, err := seals.seal()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", sealsName, err)
		}
		if s.Amends != nil {
			continue
		}
		for i := range s.Objects {
			line, err := objects.next()
			if err != nil {
				return fmt.Errorf("%s says nothing of object %s of seal %d: %w", objectsName, s.Objects[i].Key, s.Number, err)
			}
			var o objectLine
			if err := decode(line, "", &o); err != nil {
				return fmt.Errorf("%s: %w", objectsName, err)
			}
			if o.Seal != s.Number || o.Object != s.Objects[i].Key {
				return fmt.Errorf("%s tells of object %s of seal %d where object %s of seal %d should be", objectsName, o.Object, o.Seal, s.Objects[i].Key, s.Number)
			}
			sealed += s.Objects[i].Count
			if o.Gone {
				gone += s.Objects[i].Count
				continue
			}
			if err := v.object(&s.Objects[i], s.Number, &o, events); err != nil {
				return err
			}
		}
	}
	if err := objects.end(); err != nil {
		return fmt.Errorf("%s: %w", objectsName, err)
	}
	if err := events.end(); err != nil {
		return fmt.Errorf("events were added behind the last one: %w", err)
	}
	if m := &v.result.Manifest; m.Events != v.result.Events || m.Sealed != sealed || m.Gone != gone {
		return fmt.Errorf("the manifest says %d of %d sealed events, %d gone; there are %d of %d, %d gone", m.Events, m.Sealed, m.Gone, v.result.Events, sealed, gone)
	}
	return nil
}

// object proves the events of one object.
func (v *verifier) object(sealed *archive.Object, seal uint64, o *objectLine, events *lines) error {
	if len(o.Events) == 0 {
		return nil
	}
	spans := make([]transparency.Span, len(o.Events))
	for i, x := range o.Events {
		spans[i] = transparency.Span{From: x[0], To: x[1]}
	}
	if sealed.Count > 1<<62 {
		return fmt.Errorf("object %s cannot have %d events", sealed.Key, sealed.Count)
	}
	m := &v.result.Manifest
	var proved uint64
	root, err := transparency.SpansRoot(int64(sealed.Count), spans, logHashes(o.Proof), func() (transparency.Hash, error) {
		line, err := events.next()
		if errors.Is(err, io.EOF) {
			return transparency.Hash{}, errors.New("an event was removed: there are fewer than the proofs name")
		}
		if err != nil {
			return transparency.Hash{}, err
		}
		line = line[:len(line)-1]
		e, err := event.ParseJSON(line)
		if err != nil {
			return transparency.Hash{}, fmt.Errorf("line %d is no event: %w", events.read, err)
		}
		if !takes(&e, m.From, m.To, v.filter) {
			return transparency.Hash{}, fmt.Errorf("event %s (line %d) is outside of the period, or the query does not match it", e.ID, events.read)
		}
		proved++
		return transparency.LeafHash(line), nil
	})
	if err != nil {
		return fmt.Errorf("object %s of seal %d: %w", sealed.Key, seal, err)
	}
	if event.Hash(root) != sealed.Logical {
		return fmt.Errorf("object %s of seal %d: the events up to line %d are not those that were sealed: one was edited, removed or added", sealed.Key, seal, events.read)
	}
	v.result.Events += proved
	return nil
}

// small reads a member that fits into memory.
func (v *verifier) small(name string) ([]byte, error) {
	f := v.files[name]
	if f == nil {
		return nil, errors.New("it is missing")
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(&cancelled{v.ctx, r}, longestSmall+1))
	if err == nil && len(data) > longestSmall {
		err = fmt.Errorf("%s is longer than %d bytes", name, longestSmall)
	}
	return data, err
}

// lines reads a member line by line.
type lines struct {
	in   *bufio.Reader
	from io.Closer
	read uint64
	long []byte
}

func (v *verifier) lines(name string) (*lines, error) {
	r, err := v.files[name].Open()
	if err != nil {
		return nil, err
	}
	return &lines{in: bufio.NewReaderSize(&cancelled{v.ctx, r}, 64<<10), from: r}, nil
}

func (l *lines) close() { _ = l.from.Close() } // it was only read

// next is the next line with its end, valid until the next call; io.EOF behind the last.
func (l *lines) next() ([]byte, error) {
	l.long = l.long[:0]
	for {
		part, err := l.in.ReadSlice('\n')
		if err == nil && len(l.long) == 0 {
			l.read++
			return part, nil
		}
		l.long = append(l.long, part...)
		switch {
		case err == nil:
			l.read++
			return l.long, nil
		case errors.Is(err, bufio.ErrBufferFull) && len(l.long) < longestLine:
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("line %d is longer than %d bytes", l.read+1, longestLine)
		case errors.Is(err, io.EOF) && len(l.long) > 0:
			return nil, fmt.Errorf("line %d has no end", l.read+1)
		default:
			return nil, err
		}
	}
}

func (l *lines) seal() (*archive.Seal, []byte, error) {
	line, err := l.next()
	if err != nil {
		return nil, nil, err
	}
	line = bytes.Clone(line)
	s, err := archive.DecodeSeal(line)
	return s, line, err
}

// end tells that there is nothing more.
func (l *lines) end() error {
	if _, err := l.next(); err == nil {
		return errors.New("there are more lines than there should be")
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// cancelled ends when ctx does.
type cancelled struct {
	ctx context.Context
	in  io.Reader
}

func (c *cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.in.Read(p)
}
