package archive

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/actiontrail/actiontrail/event"
)

// Events gives the events of an archive, object by object, each with the part of
// the stream that its seal is about. Only objects whose bytes are those that a
// seal names are read; the others, and seals that cannot be read, are problems, and
// those in the archive tier are one together. It
// does not check the chain: Verify does. An error is of ctx, of the list of the
// bucket or of give. The identities open encrypted objects.
func Events(ctx context.Context, b Bucket, identities Identities, give func(seq SeqRange, e event.Event) error) (problems []Problem, err error) {
	type sealed struct {
		seq   SeqRange
		forms []Object
	}
	var u unpacker
	u.identities = identities
	defer u.close()
	objects := map[string]*sealed{}
	var order []string
	for o, err := range b.List(ctx, sealFolder, "") {
		if err != nil {
			return problems, err
		}
		var n uint64
		if _, err := fmt.Sscanf(o.Key, sealFolder+"%d.json", &n); err != nil || o.Key != SealKey(n) {
			continue
		}
		data, err := readAll(ctx, b, o.Key)
		var s *Seal
		if err == nil {
			s, err = decodeSealAt(data, n)
		}
		if err != nil {
			problems = append(problems, Problem{o.Key, err.Error()})
			continue
		}
		for _, o := range s.Objects {
			if objects[o.Key] == nil {
				objects[o.Key] = &sealed{seq: s.Seq}
				order = append(order, o.Key)
			}
			objects[o.Key].forms = append(objects[o.Key].forms, o)
		}
	}
	var tiered []string
	for _, key := range order {
		sum, err := hashObject(ctx, b, key)
		if e := ctx.Err(); e != nil {
			return problems, e
		}
		if errors.Is(err, ErrTiered) {
			tiered = append(tiered, key)
			continue
		}
		if err != nil {
			problems = append(problems, Problem{key, err.Error()})
			continue
		}
		if !(sealedObject{objects[key].forms}).has(Object{SHA256: sum}) {
			problems = append(problems, Problem{key, "its bytes are not those that its seal names"})
			continue
		}
		problem, err := eventsOf(ctx, b, &u, &objects[key].forms[0], func(e event.Event) error { return give(objects[key].seq, e) })
		if err != nil {
			return problems, err
		}
		if problem != nil {
			problems = append(problems, Problem{key, problem.Error()})
		}
	}
	if n := len(tiered); n > 0 {
		problems = append(problems, Problem{tiered[0], fmt.Sprintf("%v; so it is with %d objects, and nothing of them was read", ErrTiered, n)})
	}
	return problems, nil
}

// eventsOf reads one object. The problem is of the object, the error of give.
func eventsOf(ctx context.Context, b Bucket, u *unpacker, o *Object, give func(event.Event) error) (problem, err error) {
	r, err := b.Read(ctx, o.Key)
	if err != nil {
		return err, nil
	}
	defer r.Close()
	lines, err := u.open(r, o.Codec, o.Bytes)
	if err != nil {
		return err, nil
	}
	for n := 1; ; n++ {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err), nil
		}
		e, err := event.ParseJSON(line)
		if err != nil {
			return fmt.Errorf("line %d is no event: %w", n, err), nil
		}
		if err := give(e); err != nil {
			return nil, err
		}
	}
}
