package archive

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Bucket keeps objects that are written once. Keys are paths with "/", as CheckKey
// has them. An error of Create other than fs.ErrExist means that the object may
// or may not have been made.
type Bucket interface {
	// Create makes an object, as a whole or not at all, and returns once it is
	// durable. It reads meta.Bytes bytes. A taken key is fs.ErrExist, and nothing is changed.
	Create(ctx context.Context, key string, content io.Reader, meta Meta) error
	// Read opens an object; the caller closes it. fs.ErrNotExist when there is none.
	Read(ctx context.Context, key string) (io.ReadCloser, error)
	// Head tells about an object; fs.ErrNotExist when there is none.
	Head(ctx context.Context, key string) (Info, error)
	// List gives the objects whose keys begin with prefix and are greater than
	// after, in the byte order of their keys.
	List(ctx context.Context, prefix, after string) iter.Seq2[Info, error]
}

// Meta goes with an object into a bucket.
type Meta struct {
	Bytes  int64
	SHA256 event.Hash // of the content, for stores that check what they receive
	Type   string     // media type
}

// Info is what a bucket knows of an object.
type Info struct {
	Key   string
	Bytes int64
}

// CheckKey refuses keys that some store could not hold, or would take for another key.
func CheckKey(key string) error {
	if len(key) > 1024 {
		return fmt.Errorf("object key of %d bytes is longer than 1024", len(key))
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part[0] == '.' || len(part) > 255 {
			return fmt.Errorf("object key %q has a part that is empty, too long, or begins with a dot", key)
		}
		for i := range len(part) {
			if c := part[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\\\"*?<>|:", c) >= 0 {
				return fmt.Errorf("object key %q has a character that not every store takes", key)
			}
		}
	}
	return nil
}
