package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// VerifyOptions are the ways in which Verify can be told to work.
type VerifyOptions struct {
	Temp string           // folder for what does not fit in memory; "": the system's
	Now  func() time.Time // nil: the system's
	// Keys are public keys (vkeys) by which the archive is judged; nil: those that it names itself.
	Keys []string
	// Checkpoints were kept elsewhere: the archive must still have all that they were signed over.
	Checkpoints []GivenCheckpoint
	// Identities open encrypted objects. Of those that none opens, only the stored bytes are checked.
	Identities Identities
	// Progress is told how many objects of how many were read, after each; nil: nobody is.
	Progress func(done, of int)
	ids      int // how many ids are kept in memory; 0: idsInMemory
}

// onItsWay is how long the objects of the last seal may be missing.
const onItsWay = time.Minute

// Verify reads the whole archive and checks that it is complete and unchanged up
// to its last seal. What is wrong stands in the report; the error is about the
// check itself, which did not come to an end. An archive that is being written
// can be verified.
func Verify(ctx context.Context, b Bucket, o VerifyOptions) (Report, error) {
	return verifyBy(ctx, b, o, (*verifier).run)
}

// Verify is Verify of the bucket, beside what the archive does. The archive must
// have what this machine knows was signed.
func (a *Archive) Verify(ctx context.Context, o VerifyOptions) (Report, error) {
	if note := a.Status().Checkpoint; note != "" {
		o.Checkpoints = append(o.Checkpoints, GivenCheckpoint{Name: "kept by this server", Note: []byte(note)})
	}
	return Verify(ctx, a.cfg.Bucket, o)
}

// verifyBy runs a check and gives its report.
func verifyBy(ctx context.Context, b Bucket, o VerifyOptions, check func(*verifier) error) (Report, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.ids == 0 {
		o.ids = idsInMemory
	}
	v := &verifier{
		ctx: ctx, bucket: b, options: o, listed: map[string]bool{}, index: map[string]int{},
		coverage: Coverage{Scanned: map[event.Lane][]Range{}}, lanes: map[event.Lane]*LaneReport{}, last: map[event.Lane]laneEnd{}, agents: map[[3]string]Agent{}, ids: idSet{limit: o.ids, temp: o.Temp},
		unpack: unpacker{identities: o.Identities},
	}
	defer v.unpack.close()
	v.report = Report{Filters: []FilterSpan{}, Lanes: []LaneReport{}, Agents: []Agent{}, Pending: []string{}, Problems: []Problem{}}
	err := check(v)
	return v.report, errors.Join(err, v.ids.close())
}

type verifier struct {
	ctx     context.Context
	bucket  Bucket
	options VerifyOptions
	report  Report
	ids     idSet
	unpack  unpacker
	// canonical is the last line that was read, written anew.
	canonical []byte

	listed  map[string]bool // keys in the bucket that are no seals
	found   uint64          // seals listed: one more than the greatest number
	objects []sealedForms   // in the order of the seals
	index   map[string]int  // of an object's key in objects

	prev     event.Hash // of the seal before
	seq      uint64     // its end in the stream
	total    Total
	broken   bool     // the seal before is missing or unreadable: what it said is not known
	coverage Coverage // of the seals so far
	lanes    map[event.Lane]*LaneReport
	last     map[event.Lane]laneEnd
	unsure   bool // lanes that are not in last may have been scanned by a seal that is missing
	skipped  bool // some seal is missing or unreadable
	agents   map[[3]string]Agent
	log      logVerifier
	digests  digestVerifier

	expiries []expiry
}

// sealedForms is an object with all the forms in which it was sealed.
type sealedForms struct {
	forms  []Object
	seal   uint64    // the first that names it
	newest uint64    // the last that names it
	time   time.Time // of newest
	made   time.Time // of seal: no form is older
	keep   *Keep     // as that seal says
}

type laneEnd struct {
	number uint64
	hash   event.Hash
}

func (v *verifier) run() error {
	// Objects come after their seal. So what is listed now must be named by a seal that is read later.
	if err := v.list(); err != nil {
		return err
	}
	if err := v.readSeals(); err != nil {
		return err
	}
	if err := v.checkLog(); err != nil {
		return err
	}
	for i := range v.objects {
		if err := v.checkObject(i); err != nil {
			return err
		}
		if p := v.options.Progress; p != nil {
			p(i+1, len(v.objects))
		}
	}
	if err := v.checkDigests(); err != nil {
		return err
	}
	err := v.ids.twice(func(first, second eventID) {
		v.report.problem(v.objects[second.index()].forms[0].Key, fmt.Sprintf("event %s is in %s already", second, v.objects[first.index()].forms[0].Key))
	})
	if err != nil {
		return err
	}
	text := "no seal names this object"
	if v.skipped {
		text = "no seal that can be read names this object"
	}
	for _, key := range slices.Sorted(maps.Keys(v.listed)) {
		if _, ok := v.index[key]; !ok {
			v.report.problem(key, text)
		}
	}
	for _, l := range slices.SortedFunc(maps.Keys(v.lanes), event.Lane.Compare) {
		v.report.Lanes = append(v.report.Lanes, *v.lanes[l])
	}
	for _, k := range slices.SortedFunc(maps.Keys(v.agents), func(x, y [3]string) int { return slices.Compare(x[:], y[:]) }) {
		v.report.Agents = append(v.report.Agents, v.agents[k])
	}
	return nil
}

func (v *verifier) list() error {
	for o, err := range v.bucket.List(v.ctx, "", "") {
		if err != nil {
			return err
		}
		var n uint64
		if _, err := fmt.Sscanf(o.Key, sealFolder+"%d.json", &n); err == nil && o.Key == SealKey(n) {
			v.found = max(v.found, n+1)
			continue
		}
		if v.log.list(o.Key) || v.digests.list(o.Key) {
			continue
		}
		v.listed[o.Key] = true
	}
	return nil
}

// readSeals walks the chain, also past what was listed: it may be growing.
func (v *verifier) readSeals() error {
	for n := uint64(0); ; n++ {
		data, err := readAll(v.ctx, v.bucket, SealKey(n))
		if e := v.ctx.Err(); e != nil {
			return e
		}
		if errors.Is(err, fs.ErrNotExist) {
			if n >= v.found && n > 0 {
				return nil
			}
			v.skip(n, "this seal is missing")
			if v.found == 0 {
				return nil
			}
			continue
		}
		if err != nil {
			v.skip(n, fmt.Sprintf("it cannot be read: %v", err))
			continue
		}
		v.report.Head, v.report.LastSeal = digest(data), n
		if err := v.log.add(n, data); err != nil {
			return err
		}
		s, err := decodeSealAt(data, n)
		if err != nil {
			v.skip(n, fmt.Sprintf("it is damaged: %v", strings.TrimPrefix(err.Error(), SealKey(n)+": ")))
			continue
		}
		v.seal(s, digest(data))
	}
}

// skip notes a seal that says nothing.
func (v *verifier) skip(n uint64, why string) {
	v.report.problem(SealKey(n), why)
	v.broken, v.unsure, v.skipped = true, true, true
	clear(v.last)
}

func (v *verifier) seal(s *Seal, digest event.Hash) {
	key := SealKey(s.Number)
	r := &v.report
	if r.Seals == 0 {
		r.Trail, r.From = s.Trail, s.Time
	}
	r.Seals++
	r.To = s.Time
	r.Scanned += s.Events
	if s.Trail != r.Trail {
		r.problem(key, fmt.Sprintf("it is of trail %q, not %q", s.Trail, r.Trail))
	}
	v.objectsOf(s)
	v.expires(s)
	v.checkLock(key, s.Keep, s.Time)
	if !v.broken {
		v.follows(s, key)
	}
	for i := range s.Scanned {
		v.scanned(&s.Scanned[i], key)
	}
	if s.Full != nil {
		v.full(s.Full, key)
	}
	for _, a := range s.Agents {
		v.agents[[3]string{a.Account, a.Agent, a.Key}] = a
	}
	if n := len(r.Filters); n > 0 && r.Filters[n-1].Filter == s.Filter {
		r.Filters[n-1].To = s.Number
	} else {
		r.Filters = append(r.Filters, FilterSpan{s.Number, s.Number, s.Filter})
	}
	r.Note(s)
	v.log.seal(s)
	if err := v.digests.seal(s); err != nil {
		r.problem(key, err.Error())
	}
	if s.Backfill != nil {
		v.backfill(s, key)
	}
	v.coverage.add(s)
	v.prev, v.seq, v.total, v.broken = digest, s.Seq.To, s.Total, false
}

// follows checks what a seal says of the one before.
func (v *verifier) follows(s *Seal, key string) {
	if s.Prev != v.prev {
		before := "the begin"
		if s.Number > 0 {
			before = SealKey(s.Number - 1)
		}
		v.report.problem(key, fmt.Sprintf("it does not follow %s: that has SHA-256 %s, this names %s", before, v.prev, s.Prev))
	}
	if s.Seq.After != v.seq {
		v.report.problem(key, fmt.Sprintf("it scanned the stream after seq %d, the seal before ends at %d", s.Seq.After, v.seq))
	}
	want := v.total
	for _, o := range s.Objects {
		if s.Amends == nil {
			want.Events += o.Count
			want.Objects++
			want.Bytes += uint64(o.Bytes)
			continue
		}
		if i, ok := v.index[o.Key]; ok {
			if forms := v.objects[i].forms; len(forms) > 1 {
				want.Bytes += uint64(o.Bytes) - uint64(forms[len(forms)-2].Bytes)
			}
		}
	}
	if s.Total != want {
		v.report.problem(key, fmt.Sprintf("its totals %+v are not those of the seal before and its own objects, %+v", s.Total, want))
	}
}

// objectsOf notes the objects that the seal names.
func (v *verifier) objectsOf(s *Seal) {
	key := SealKey(s.Number)
	for _, o := range s.Objects {
		i, known := v.index[o.Key]
		switch {
		case !known && s.Amends != nil && !v.unsure:
			v.report.problem(key, fmt.Sprintf("it amends %s, which no seal names", o.Key))
			continue
		case !known:
			v.index[o.Key] = len(v.objects)
			v.objects = append(v.objects, sealedForms{[]Object{o}, s.Number, s.Number, s.Time, s.Time, s.Keep})
			continue
		case s.Amends == nil:
			v.report.problem(key, fmt.Sprintf("it names %s, which seal %d names already", o.Key, v.objects[i].seal))
			continue
		}
		f := &v.objects[i]
		if first := f.forms[0]; f.seal != *s.Amends && !v.unsure || o.Logical != first.Logical || o.Count != first.Count {
			v.report.problem(key, fmt.Sprintf("it amends %s to hold other events than seal %d says", o.Key, f.seal))
			continue
		}
		f.forms = append(f.forms, o)
		f.newest, f.time = s.Number, s.Time
	}
}

// scanned checks that batches of a lane follow those of the seals before.
func (v *verifier) scanned(c *Scanned, key string) {
	end, known := v.last[c.Lane]
	switch next := end.number + 1; {
	case !known && v.unsure: // a seal that is missing may have begun the lane
	case c.Gap != nil && c.Gap.From != next:
		v.report.problem(key, fmt.Sprintf("lane %s: it declares a gap from batch %d, but the seals before end at batch %d", c.Lane, c.Gap.From, end.number))
	case c.Gap == nil && c.From != next:
		v.report.problem(key, fmt.Sprintf("lane %s: it goes on at batch %d, the seals before end at batch %d, and no gap is declared", c.Lane, c.From, end.number))
	case c.Gap == nil && known && c.Prev != end.hash:
		v.report.problem(key, fmt.Sprintf("lane %s: batch %d does not follow batch %d of the seals before", c.Lane, c.From, end.number))
	}
	l := v.lanes[c.Lane]
	if l == nil {
		l = &LaneReport{Lane: c.Lane, From: c.From}
		v.lanes[c.Lane] = l
	}
	l.To = c.To
	l.Batches += c.To - c.From + 1
	l.Events += c.Events
	if c.Gap != nil {
		l.Gaps = append(l.Gaps, *c.Gap)
	}
	v.last[c.Lane] = laneEnd{c.To, c.Last}
}

// full compares the full position with what the seals say, or learns from it.
func (v *verifier) full(p *event.Position, key string) {
	if v.unsure {
		v.unsure = false
		for lane, at := range p.Lanes {
			v.last[lane] = laneEnd{at.Number, at.Hash}
		}
		return
	}
	same := len(p.Lanes) == len(v.last)
	for lane, at := range p.Lanes {
		same = same && v.last[lane] == laneEnd{at.Number, at.Hash}
	}
	if !same {
		v.report.problem(key, "its position is not that of the seals before")
	}
}

// backfill checks that what a backfill brings was brought by no seal before.
func (v *verifier) backfill(s *Seal, key string) {
	b := s.Backfill
	for i := range b.Lanes {
		l := &b.Lanes[i]
		for _, r := range v.coverage.Scanned[l.Lane] {
			if slices.ContainsFunc(l.Batches, func(x Range) bool { return x.From <= r.To && r.From <= x.To }) {
				v.report.problem(key, fmt.Sprintf("lane %s: it brings batches that seals before have scanned, of %d to %d", l.Lane, r.From, r.To))
			}
		}
	}
}
