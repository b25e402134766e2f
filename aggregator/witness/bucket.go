package witness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
)

// suffix ends the names of notes.
const suffix = ".note"

// Bucket is a place in a folder or a store: ORIGIN/NNNNNNNNNNNN.note, 12 digits of
// the size. Each is created once, and none is written over.
type Bucket struct {
	Bucket archive.Bucket
	// Folder is what stands before the notes of a log: Folder(origin), or "" when the bucket is its own.
	Folder string
	newest string // key of the newest one that was seen
}

// Folder is the folder of a log: its origin with ~XX for each byte that could not be part of a name.
func Folder(origin string) string {
	var b strings.Builder
	for i := range len(origin) {
		switch c := origin[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_',
			c == '/' && i > 0 && i+1 < len(origin) && origin[i-1] != '/',
			c == '.' && i > 0 && origin[i-1] != '/':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "~%02X", c)
		}
	}
	return b.String() + "/"
}

func (p *Bucket) key(size int64) string { return fmt.Sprintf("%s%012d%s", p.Folder, size, suffix) }

// Newest is the note over the most seals.
func (p *Bucket) Newest(ctx context.Context, _ string) ([]byte, error) {
	newest := p.newest
	if newest != "" {
		if _, err := p.Bucket.Head(ctx, newest); errors.Is(err, fs.ErrNotExist) {
			newest = "" // somebody removed it
		} else if err != nil {
			return nil, err
		}
	}
	for o, err := range p.Bucket.List(ctx, p.Folder, newest) {
		if err != nil {
			return nil, err
		}
		name, ok := strings.CutSuffix(strings.TrimPrefix(o.Key, p.Folder), suffix)
		if size, err := strconv.ParseInt(name, 10, 64); ok && err == nil && p.key(size) == o.Key {
			newest = o.Key
		}
	}
	if p.newest = newest; newest == "" {
		return nil, nil
	}
	r, err := p.Bucket.Read(ctx, newest)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readNote(r)
}

// Keep makes the note.
func (p *Bucket) Keep(ctx context.Context, s Step) ([]byte, error) {
	key := p.key(s.Checkpoint.Size)
	err := p.Bucket.Create(ctx, key, bytes.NewReader(s.Note), archive.Meta{Bytes: int64(len(s.Note)), SHA256: sha256.Sum256(s.Note), Type: "text/plain; charset=utf-8"})
	if err != nil {
		return nil, fmt.Errorf("keep a checkpoint: %w", err) // one that is there is compared the next time
	}
	p.newest = key
	return s.Note, nil
}

func readNote(r io.Reader) ([]byte, error) {
	note, err := io.ReadAll(io.LimitReader(r, transparency.LongestCheckpoint+1))
	if err == nil && len(note) > transparency.LongestCheckpoint {
		err = fmt.Errorf("a checkpoint is longer than %d bytes", transparency.LongestCheckpoint)
	}
	return note, err
}
