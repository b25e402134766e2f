package archive

import (
	"context"
	"fmt"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// rebuild makes the objects of a seal again from the batches that it scanned,
// with the filter, the layout, the codec and the recipients in the seal.
type rebuild struct {
	seal    *Seal
	after   event.Position // with the seal
	missing map[string]sealedObject
}

// beginRebuild goes back to before the seal. The batches come by Write.
func (a *Archive) beginRebuild(c *chain, missing map[string]sealedObject) error {
	filter, err := a.parse(c.scanned.Filter)
	if err != nil {
		return fmt.Errorf("the filter of %s cannot be read: %w", SealKey(c.scanned.Number), err)
	}
	if err := a.cfg.clear(); err != nil {
		return err
	}
	a.rebuild = &rebuild{seal: c.scanned, after: c.after, missing: missing}
	a.durable = c.before
	a.seen = a.durable.Clone()
	a.staging = a.collector()
	a.staging.filter, a.staging.text, a.staging.layout = filter, c.scanned.Filter, c.scanned.Layout
	a.staging.codec, a.staging.recipients = c.scanned.Objects[0].Codec, c.scanned.Recipients
	return nil
}

// parse reads a filter of earlier times.
func (a *Archive) parse(text string) (query.Expr, error) {
	switch text {
	case a.cfg.FilterText:
		return a.cfg.Filter, nil
	case "":
		return nil, nil
	}
	return a.cfg.Parse(text)
}

// continueRebuild ends the rebuild once all batches of the seal have come.
func (a *Archive) continueRebuild(ctx context.Context) error {
	r := a.rebuild
	if a.seen.Seq < r.seal.Seq.To {
		return nil
	}
	if a.seen.Seq > r.seal.Seq.To {
		return fmt.Errorf("objects of %s are missing, and the stream no longer has all batches up to seq %d to make them again: restore %d objects from a copy of the archive",
			SealKey(r.seal.Number), r.seal.Seq.To, len(r.missing))
	}
	return a.makeGood(ctx, r, a.staging)
}

// makeGood creates the objects that are missing of what was gathered again.
func (a *Archive) makeGood(ctx context.Context, r *rebuild, gathered *collector) error {
	objects, err := gathered.finish(a.cfg.Staging, r.seal.Number, r.seal.Time)
	if err != nil {
		return err
	}
	made := map[string]Object{}
	for _, o := range objects {
		made[o.Key] = o
	}
	var other []Object
	for _, want := range r.seal.Objects {
		o, ok := made[want.Key]
		if !ok || o.Logical != want.Logical || o.Count != want.Count {
			return fmt.Errorf("object %s of %s is missing, and the batches in the stream, or of a backfill the index, give other events: restore it from a copy of the archive", want.Key, SealKey(r.seal.Number))
		}
		if m, ok := r.missing[o.Key]; ok && !m.has(o) {
			other = append(other, o)
		}
	}
	if len(other) > 0 {
		if err := a.amend(ctx, r, other); err != nil {
			return err
		}
	}
	for _, want := range r.seal.Objects {
		if m, ok := r.missing[want.Key]; ok {
			if err := a.deliver(ctx, append(m.forms, made[want.Key]), made[want.Key]); err != nil {
				return err
			}
		}
	}
	if err := a.publish(ctx); err != nil {
		return err
	}
	a.rebuild = nil
	a.durable = r.after
	a.seen = a.durable.Clone()
	a.staging = a.collector()
	return a.cfg.clear()
}

func (m sealedObject) has(o Object) bool {
	for _, f := range m.forms {
		if f.SHA256 == o.SHA256 {
			return true
		}
	}
	return false
}

// amend seals the same events in other bytes: another release compresses in another way.
func (a *Archive) amend(ctx context.Context, r *rebuild, objects []Object) error {
	s := a.seal(a.head.number+1, a.cfg.Now())
	s.Amends = &r.seal.Number
	s.Filter, s.Layout, s.Recipients = r.seal.Filter, r.seal.Layout, r.seal.Recipients
	s.Seq = SeqRange{After: r.seal.Seq.To, To: r.seal.Seq.To}
	s.Objects = objects
	for _, o := range objects {
		forms := r.missing[o.Key].forms
		s.Total.Bytes += uint64(o.Bytes) - uint64(forms[len(forms)-1].Bytes)
	}
	return a.createSeal(ctx, s, &r.after)
}
