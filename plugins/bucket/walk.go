package bucket

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

const (
	// readBytes is about how much of an object one batch has.
	readBytes = 256 << 10
	// hold is how many objects of a look are known before any is read: how much there is shows soon.
	hold = 50_000
)

// walk reads objects one after the other, look after look.
type walk struct {
	config   *Config
	state    *state
	give     func(plugins.Batch) error
	progress Progress
}

func newWalk(c *Config, at plugins.Cursor) (*walk, error) {
	s, err := readState(at)
	if err != nil {
		return nil, err
	}
	return &walk{config: c, state: s}, nil
}

func (w *walk) run(ctx context.Context, give func(plugins.Batch) error) error {
	w.give = give
	if err := w.goOn(ctx); err != nil {
		return err
	}
	for {
		n, err := w.look(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			continue // others may have come meanwhile
		}
		if moved := w.state.close(w.config.Now().Add(-w.config.Late)); len(moved) > 0 {
			if err := give(plugins.Batch{Next: moved}); err != nil {
				return err
			}
		}
		w.progress.Current = ""
		w.config.Progress(w.progress)
		if w.config.Once {
			return nil
		}
		wait := time.NewTimer(w.config.Poll)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
	}
}

// goOn reads the rest of the object that was being read.
func (w *walk) goOn(ctx context.Context) error {
	key, index := w.state.current, w.state.index
	if key == "" {
		return nil
	}
	w.progress.Objects++
	return w.object(ctx, Object{Key: key}, index)
}

// look reads what is new, and returns how many objects that were.
func (w *walk) look(ctx context.Context) (n int, err error) {
	var found []Object
	for o, err := range w.config.Store.List(ctx, w.config.Prefix) {
		if err != nil {
			return 0, failed("list", err)
		}
		if !read(o) || w.state.done(o.Key) {
			continue
		}
		if len(found) == hold {
			break // the next look finds the others
		}
		found = append(found, o)
		w.progress.Objects++
		w.progress.Bytes += o.Bytes
	}
	for _, o := range found {
		if err := w.object(ctx, o, 0); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// object reads the records of an object from one on.
func (w *walk) object(ctx context.Context, o Object, from int64) error {
	w.progress.Current = o.Key
	w.config.Progress(w.progress)
	r, err := w.config.Store.Read(ctx, o.Key)
	if errors.Is(err, fs.ErrNotExist) {
		w.config.Log.Warn("an object is gone before it was read", "object", o.Key)
		return w.finish(o, plugins.Batch{})
	}
	if err != nil {
		return failed("read "+o.Key, err)
	}
	defer r.Close()
	src := &watched{r: r}
	records := newRecords(src, w.config.MaxLine)
	var b plugins.Batch
	size := 0
	for index := int64(0); ; index++ {
		data, fault, length, err := records.next()
		if src.err != nil {
			return failed("read "+o.Key, src.err) // of the store, not of what it holds
		}
		if errors.Is(err, io.EOF) {
			return w.finish(o, b)
		}
		if err != nil {
			data, fault, length = []byte(o.Key), "the object is damaged after "+number(index)+" records: "+err.Error(), int64(len(o.Key))+1
			w.config.Log.Error("an object is damaged", "object", o.Key, "records", index, "error", err)
		}
		if index >= from {
			b.Records = append(b.Records, plugins.Record{Data: data, Fault: fault, Pos: plugins.Position{File: o.Key, FileID: fileID(o.Key), Offset: index, Length: length}})
			size += len(data)
			w.progress.Records++
		}
		if err != nil {
			return w.finish(o, b)
		}
		if len(b.Records) == plugins.MaxRecords || size >= readBytes {
			b.Next = w.state.at(o.Key, index+1)
			if err := w.give(b); err != nil {
				return err
			}
			b, size = plugins.Batch{}, 0
		}
	}
}

// finish gives the last records of an object, and with them that it was read.
func (w *walk) finish(o Object, b plugins.Batch) error {
	b.Next = w.state.finish(o.Key)
	w.progress.DoneObjects++
	w.progress.DoneBytes += o.Bytes
	w.config.Progress(w.progress)
	return w.give(b)
}

// watched keeps the error of a store, which is not one of what it holds.
type watched struct {
	r   io.Reader
	err error
}

// Read is that of an io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}
