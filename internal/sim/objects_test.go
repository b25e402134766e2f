package sim

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"

	"filippo.io/age"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/event"
)

// theReader can open what is encrypted.
var theReader = sync.OnceValue(func() *age.X25519Identity {
	i, err := age.GenerateX25519Identity()
	if err != nil {
		panic(err)
	}
	return i
})

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

func linesOf(b *file.Bucket, o *archive.Object) (lines [][]byte, err error) {
	f, err := b.Read(context.Background(), o.Key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := io.Reader(f)
	codec, encrypted := strings.CutSuffix(string(o.Codec), ".age")
	if encrypted {
		if in, err = age.Decrypt(in, theReader()); err != nil {
			return nil, err
		}
	}
	if codec == "ndjson.zst" {
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
	if codec != "cloudtrail.json.gz" {
		text, ok := bytes.CutSuffix(all, []byte("\n"))
		if !ok {
			return nil, fmt.Errorf("the last line has no end")
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
