package file

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"
)

// What of the end of a file is taken although nothing has ended it yet.
const (
	flushLines = 1 << iota // lines that others may belong to
	flushHalf              // a line without its end
)

// patient tells whether anything is taken when it has waited for long enough.
func (u *rules) patient() bool { return u.flushAfter > 0 || u.join != nil }

// hold notes since when the end of the file waits for more.
func (t *tail) hold() {
	switch {
	case t.ready: // there is more to read
		return
	case t.offset >= t.end:
		t.heldSince = time.Time{}
	case t.heldSince.IsZero() || t.heldEnd != t.end:
		t.heldSince, t.heldEnd, t.flushed = time.Now(), t.end, 0
	}
	t.flushing = 0
}

// flushAt is when what is held is to be taken, and what of it; zero: never.
func (t *tail) flushAt(u *rules) (at time.Time, what int) {
	if t.heldSince.IsZero() {
		return time.Time{}, 0
	}
	if u.join != nil && t.flushed&flushLines == 0 {
		at, what = t.heldSince.Add(u.join.Timeout), flushLines
	}
	if u.flushAfter > 0 && t.flushed&flushHalf == 0 {
		if half := t.heldSince.Add(u.flushAfter); what == 0 || half.Before(at) {
			at, what = half, flushHalf
		}
	}
	return at, what
}

// flush makes the tails ready that have held something for long enough.
func (s *Source) flush(now time.Time) {
	if !s.rules.patient() {
		return
	}
	for _, t := range s.tails {
		if at, what := t.flushAt(&s.rules); what != 0 && !now.Before(at) {
			t.flushing, t.ready = t.flushing|what, true
			t.flushed |= what
		}
	}
}

// sooner is due, or when the first tail is to be flushed.
func (s *Source) sooner(due time.Time) time.Time {
	if !s.rules.patient() {
		return due
	}
	for _, t := range s.tails {
		if at, what := t.flushAt(&s.rules); what != 0 && at.Before(due) {
			due = at
		}
	}
	return due
}

// shorten ends what was read of a file where nothing may be taken after: after the
// half line that has made the identity, so that the identity stays that of a
// record. A file that has grown since it was held is not flushed.
func (t *tail) shorten(before, n int, end bool) (int, bool) {
	if only := before + int(t.only-t.offset); t.offset < t.only && n >= only {
		t.flushing |= flushHalf
		return only, true
	}
	if !end || t.offset+int64(n-before) != t.heldEnd {
		t.flushing = 0
	}
	return n, end
}

// halfHead is as much of a half first line as is to be the first record now, nil
// if it is to wait.
func (t *tail) halfHead(r io.ReaderAt, p *page, head []byte) (half []byte, err error) {
	if t.form == nil {
		if t.form, err = p.rules.formOf(r); err != nil {
			return nil, err
		}
	}
	t.end = int64(len(head))
	if t.end != t.heldEnd {
		t.flushing = 0
	}
	u := t.until(true)
	n := 0
	if len(head) > t.form.bom {
		n = t.form.half(head, 0, u)
	}
	if t.only = int64(n); n == 0 {
		t.ready = false
		t.hold()
	}
	return head[:n], nil
}

// beginsAs tells whether a first line begins with the half line that an identity
// was made of, before the rest of it came.
func beginsAs(head []byte, id string) bool {
	hash, want := sha256.New(), hashOf(id)
	for i := range head {
		hash.Write(head[i : i+1])
		if sum := hash.Sum(nil); hex.EncodeToString(sum[:8]) == want {
			return true
		}
	}
	return false
}
