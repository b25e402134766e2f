package archive

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/actiontrail/actiontrail/event"
)

// Events gives the events of an archive, object by object, each with the part of
// the stream that its seal is about. Only objects whose bytes are those that a
// seal names are read; the others, and seals that cannot be read, are problems. It
// does not check the chain: Verify does. An error is of ctx, of the list of the
// bucket or of give.
func Events(ctx context.Context, b Bucket, give func(seq SeqRange, e event.Event) error) (problems []Problem, err error) {
	type sealed struct {
		seq   SeqRange
		forms []Object
	}
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
	for _, key := range order {
		sum, err := hashObject(ctx, b, key)
		if e := ctx.Err(); e != nil {
			return problems, e
		}
		if err != nil {
			problems = append(problems, Problem{key, err.Error()})
			continue
		}
		if !(sealedObject{objects[key].forms}).has(Object{SHA256: sum}) {
			problems = append(problems, Problem{key, "its bytes are not those that its seal names"})
			continue
		}
		problem, err := eventsOf(ctx, b, key, func(e event.Event) error { return give(objects[key].seq, e) })
		if err != nil {
			return problems, err
		}
		if problem != nil {
			problems = append(problems, Problem{key, problem.Error()})
		}
	}
	return problems, nil
}

// eventsOf reads one object. The problem is of the object, the error of give.
func eventsOf(ctx context.Context, b Bucket, key string, give func(event.Event) error) (problem, err error) {
	r, err := b.Read(ctx, key)
	if err != nil {
		return err, nil
	}
	defer r.Close()
	z, err := gzip.NewReader(r)
	if err != nil {
		return err, nil
	}
	lines := bufio.NewReaderSize(z, 64<<10)
	for n := 1; ; n++ {
		line, err := readLine(lines)
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
