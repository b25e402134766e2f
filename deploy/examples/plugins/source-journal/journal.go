package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

// settings are what the config block may say.
type settings struct {
	Folder string `json:"folder"`
	PollMS int    `json:"poll_ms"`
}

// A batch holds so many bytes of lines, about; a longer line ends the source.
const batchBytes = 256 << 10

// journal reads the files in order. Its cursor is one mark: the file and the offset of
// the next line. It keeps nothing else, so it can go on anywhere.
type journal struct {
	settings
	number int   // of the file that is read
	offset int64 // of the next line
	buffer []byte
}

var _ plugins.Source = (*journal)(nil)

func newJournal(config []byte) (*journal, error) {
	j := &journal{settings: settings{PollMS: 200}, buffer: make([]byte, batchBytes)}
	if err := plugins.DecodeConfig(config, &j.settings); err != nil {
		return nil, err
	}
	var wrong plugins.ConfigError
	if j.Folder == "" {
		wrong.Problems = append(wrong.Problems, plugins.Problem{Path: []string{"folder"}, Text: `a folder is needed: write folder = "/var/spool/journal"`})
	}
	if j.PollMS < 10 {
		wrong.Problems = append(wrong.Problems, plugins.Problem{Path: []string{"poll_ms"}, Text: "choose 10 or more"})
	}
	if len(wrong.Problems) > 0 {
		return nil, &wrong
	}
	return j, nil
}

func (j *journal) Open(_ context.Context, at plugins.Cursor) error {
	j.number, j.offset = 1, 0
	if v := at.Value("next"); v != nil {
		if _, err := fmt.Sscanf(string(v), "%d %d", &j.number, &j.offset); err != nil {
			return fmt.Errorf("the cursor %q is not one of this source: %w", v, err)
		}
	}
	return nil
}

func (j *journal) path(number int) string {
	return filepath.Join(j.Folder, fmt.Sprintf("%06d.ndjson", number))
}

// Read waits for lines by looking again and again.
func (j *journal) Read(ctx context.Context) (plugins.Batch, error) {
	look := time.NewTicker(time.Duration(j.PollMS) * time.Millisecond)
	defer look.Stop()
	for {
		if err := ctx.Err(); err != nil {
			return plugins.Batch{}, err
		}
		batch, err := j.read()
		if err != nil || len(batch.Next) > 0 {
			return batch, err
		}
		select {
		case <-ctx.Done():
		case <-look.C:
		}
	}
}

// read returns the whole lines that are there now, or the move to the next file, or nothing.
func (j *journal) read() (plugins.Batch, error) {
	// The next file is looked for first: once it is there, this one grows no more.
	_, err := os.Stat(j.path(j.number + 1))
	over := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return plugins.Batch{}, err
	}
	n, err := j.fill()
	if err != nil {
		return plugins.Batch{}, err
	}
	text, batch := j.buffer[:n], plugins.Batch{}
	for len(batch.Records) < plugins.MaxRecords {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			break
		}
		batch.Records = append(batch.Records, plugins.Record{Data: line, Pos: plugins.Position{
			File: j.path(j.number), FileID: fmt.Sprintf("%06d", j.number), Offset: j.offset, Length: int64(len(line)),
		}})
		j.offset += int64(len(line)) + 1
		text = rest
	}
	switch {
	case len(batch.Records) > 0:
	case n == len(j.buffer):
		return plugins.Batch{}, fmt.Errorf("%s has a line of more than %d bytes at %d", j.path(j.number), n, j.offset)
	case over && n > 0:
		return plugins.Batch{}, fmt.Errorf("%s ends with half a line at %d, and the next file is there", j.path(j.number), j.offset)
	case over:
		j.number, j.offset = j.number+1, 0
	default:
		return plugins.Batch{}, nil
	}
	batch.Next = plugins.Cursor{{Key: "next", Value: fmt.Appendf(nil, "%d %d", j.number, j.offset)}}
	return batch, nil
}

// fill reads from the offset on. A file that is not there yet is empty.
func (j *journal) fill() (int, error) {
	f, err := os.Open(j.path(j.number))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	defer f.Close()
	n, err := f.ReadAt(j.buffer, j.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	return n, nil
}

// Committed could remove files that are read and durable.
func (j *journal) Committed(context.Context, plugins.Cursor) error { return nil }

func (j *journal) Close() error { return nil }
