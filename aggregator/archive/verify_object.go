package archive

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"

	"github.com/actiontrail/actiontrail/event"
)

// checkObject reads an object to its end. The error is not about the object.
func (v *verifier) checkObject(i int) error {
	o := &v.objects[i]
	key := o.forms[0].Key
	r, err := v.bucket.Read(v.ctx, key)
	if e := v.ctx.Err(); e != nil {
		return e
	}
	if errors.Is(err, fs.ErrNotExist) {
		v.missing(o)
		return nil
	}
	if errors.Is(err, ErrTiered) {
		return v.tiered(o)
	}
	if err != nil {
		v.report.problem(key, fmt.Sprintf("it cannot be read: %v", err))
		return nil
	}
	defer r.Close()
	v.checkLock(key, o.keep, o.made)
	stored := &hashingReader{in: r, hash: sha256.New()}
	content, err := v.readObject(stored, i, o.forms[0])
	if _, drain := io.Copy(io.Discard, stored); drain != nil {
		if e := v.ctx.Err(); e != nil {
			return e
		}
		v.report.problem(key, fmt.Sprintf("it cannot be read: %v", drain))
		return nil
	}
	if sum := event.Hash(stored.hash.Sum(nil)); !(sealedObject{o.forms}).has(Object{SHA256: sum}) {
		v.report.problem(key, fmt.Sprintf("its bytes are not those that seal %d names: SHA-256 %s, sealed %s", o.seal, sum, o.forms[len(o.forms)-1].SHA256))
		return nil
	}
	switch want := o.forms[0]; {
	case errors.Is(err, errNoIdentity):
		v.report.Closed++
		v.report.ClosedEvents += want.Count
		v.report.Objects++
		v.report.Bytes += stored.bytes
		return nil
	case err != nil:
		v.report.problem(key, err.Error())
	case content.count != want.Count:
		v.report.problem(key, fmt.Sprintf("it holds %d events, seal %d says %d", content.count, o.seal, want.Count))
	case content.tree.root() != want.Logical:
		v.report.problem(key, fmt.Sprintf("its events have the hash %s, seal %d says %s", content.tree.root(), o.seal, want.Logical))
	default:
		v.count(content, stored.bytes)
	}
	return v.ids.add(content.ids)
}

func (v *verifier) missing(o *sealedForms) {
	key := o.forms[0].Key
	if v.expired(o) {
		v.report.Expired++
		v.report.ExpiredEvents += o.forms[0].Count
		return
	}
	young := v.options.Now().Sub(o.time)
	if o.newest == v.report.LastSeal && young >= 0 && young < onItsWay {
		v.report.Pending = append(v.report.Pending, key)
		return
	}
	text := fmt.Sprintf("it is missing; seal %d names it, with %d events", o.seal, o.forms[0].Count)
	if o.newest == v.report.LastSeal {
		text += ". That is the last seal: if the bucket could not be reached, the server delivers the object when it can"
	}
	v.report.problem(key, text)
}

func (v *verifier) count(c *content, bytes uint64) {
	r := &v.report
	r.Objects++
	r.Events += c.count
	r.Bytes += bytes
	if c.first.IsZero() {
		return
	}
	if t := c.first.Std(); r.FirstTime.IsZero() || t.Before(r.FirstTime) {
		r.FirstTime = t
	}
	if t := c.last.Std(); t.After(r.LastTime) {
		r.LastTime = t
	}
}

// content is what was read of an object.
type content struct {
	count       uint64
	tree        tree
	ids         []eventID
	first, last event.Time
}

// readObject reads the events of an object and checks each. It stops where there
// are more than are sealed: they may have no end.
func (v *verifier) readObject(in io.Reader, object int, sealed Object) (*content, error) {
	c := &content{}
	lines, err := v.unpack.open(in, sealed.Codec, sealed.Bytes)
	if err != nil {
		return c, err
	}
	for {
		line, err := lines.next()
		if err == io.EOF {
			return c, nil
		}
		if err != nil {
			return c, fmt.Errorf("line %d: %w", c.count+1, err)
		}
		if c.count == sealed.Count {
			return c, fmt.Errorf("it holds more than the %d events that are sealed", sealed.Count)
		}
		e, err := event.ParseJSON(line)
		if err != nil {
			return c, fmt.Errorf("line %d is no event: %w", c.count+1, err)
		}
		if v.canonical = e.AppendJSON(v.canonical[:0]); !bytes.Equal(v.canonical, line) {
			return c, fmt.Errorf("line %d is not canonical JSON", c.count+1)
		}
		if e.ID == "" {
			return c, fmt.Errorf("line %d has no eventId", c.count+1)
		}
		c.add(&e, line, object)
	}
}

func (c *content) add(e *event.Event, line []byte, object int) {
	c.count++
	c.tree.add(line)
	c.ids = append(c.ids, newEventID(e.ID, object))
	if e.Time.IsZero() {
		return
	}
	if c.first.IsZero() || e.Time.Nanos < c.first.Nanos {
		c.first = e.Time
	}
	if c.last.IsZero() || e.Time.Nanos > c.last.Nanos {
		c.last = e.Time
	}
}

// hashingReader hashes and counts what is read through it.
type hashingReader struct {
	in    io.Reader
	hash  hash.Hash
	bytes uint64
}

func (r *hashingReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.hash.Write(p[:n])
	r.bytes += uint64(n)
	return n, err
}
