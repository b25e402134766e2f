package sim

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/parquet"
	"github.com/actiontrail/actiontrail/event"
)

// A pair of keys of age, by which objects are encrypted and read.
const (
	ageRecipient = "age146plnq4aja3rjus44dfpjywwec0mu5m2hme7u4az9v4juhh7mgxsnd2s2e"
	ageIdentity  = "AGE-SECRET-KEY-1E2EFHEVA7XDMTTDE3836LGKSRAT2D023UW8HNR7V8TVY8DCZCKRSK4LJUT"
)

func identities() archive.Identities {
	all, err := archive.ParseIdentities(strings.NewReader(ageIdentity))
	if err != nil {
		panic(err)
	}
	return all
}

// seals is an archive with some of its seals only.
type seals struct {
	*file.Bucket
	keys map[string]bool
}

func (b seals) List(ctx context.Context, prefix, after string) iter.Seq2[archive.Info, error] {
	return func(yield func(archive.Info, error) bool) {
		for o, err := range b.Bucket.List(ctx, prefix, after) {
			if (err != nil || b.keys[o.Key]) && !yield(o, err) {
				return
			}
		}
	}
}

// readEncrypted gives the events of a seal, which amendments may have named again.
// The archive opens them.
func (a *judged) readEncrypted(s *archive.Seal) (events []event.Event) {
	b := seals{a.bucket, map[string]bool{archive.SealKey(s.Number): true}}
	for _, n := range a.amended[s.Number] {
		b.keys[archive.SealKey(n)] = true
	}
	problems, err := archive.Events(context.Background(), b, identities(), func(_ archive.SeqRange, e event.Event) error {
		events = append(events, e)
		return nil
	})
	if err != nil || len(problems) > 0 {
		a.w.fail("archive verifies", "trail %s, seal %d: %v, %v", a.d.name, s.Number, err, problems)
	}
	return events
}

// readObject reads an object as somebody does who has only its description.
func (w *world) readObject(b *file.Bucket, o *archive.Object) (events []event.Event) {
	lines, err := linesOf(b, o)
	if err != nil {
		w.fail("archive verifies", "%s: %v", o.Key, err)
	}
	for _, line := range lines {
		e, err := event.ParseJSON(line)
		if err != nil {
			w.fail("archive verifies", "%s: %v", o.Key, err)
		}
		events = append(events, e)
	}
	return events
}

// bodiesOf reads the column that has the events, with the archive's own reader: the
// library shares decompressors among goroutines, which worlds do not allow.
func bodiesOf(f io.Reader) (lines [][]byte, err error) {
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	r, err := parquet.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		line, err := r.Next()
		if errors.Is(err, io.EOF) {
			return lines, nil
		} else if err != nil {
			return nil, err
		}
		lines = append(lines, bytes.Clone(line))
	}
}

func linesOf(b *file.Bucket, o *archive.Object) (lines [][]byte, err error) {
	f, err := b.Read(context.Background(), o.Key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if o.Codec == archive.Parquet {
		return bodiesOf(f)
	}
	in := io.Reader(f)
	if o.Codec == archive.NDJSONZstd {
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		in = z
	} else if in, err = gzip.NewReader(in); err != nil {
		return nil, err
	}
	all, err := io.ReadAll(bufio.NewReader(in))
	if err != nil {
		return nil, err
	}
	if o.Codec != archive.CloudTrailGzip {
		text, ok := bytes.CutSuffix(all, []byte("\n"))
		if !ok {
			return nil, errors.New("the last line has no end")
		}
		return bytes.Split(text, []byte("\n")), nil
	}
	var log struct {
		Records []struct {
			Event json.RawMessage `json:"actiontrailEvent"`
		}
	}
	if err := json.Unmarshal(all, &log); err != nil {
		return nil, err
	}
	for _, r := range log.Records {
		lines = append(lines, r.Event)
	}
	return lines, nil
}
