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
	// Head tells about an object, with its user metadata; fs.ErrNotExist when there is none.
	Head(ctx context.Context, key string) (Info, error)
	// List gives the objects whose keys begin with prefix and are greater than
	// after, in the byte order of their keys.
	List(ctx context.Context, prefix, after string) iter.Seq2[Info, error]
}

// Meta goes with an object into a bucket.
type Meta struct {
	Bytes    int64
	SHA256   event.Hash // of the content, for stores that check what they receive
	Type     string     // media type
	Encoding string     // of the content, such as gzip: browsers unpack it; "" as a rule
	// User is what readers find beside the object, as CheckUser has it; nil as a rule.
	User map[string]string
}

// Info is what a bucket knows of an object.
type Info struct {
	Key   string
	Bytes int64
	User  map[string]string // as Create was given it; of Head alone, and nil when there is none
}

// mostUser is how many bytes of user metadata the stores take: names and values together.
const mostUser = 2048

// CheckUser refuses user metadata that some store could not give back as it is:
// they travel in headers. Names are lower-case letters, digits and "-"; values
// are printable ASCII without a space at their ends.
func CheckUser(user map[string]string) error {
	size := 0
	for name, value := range user {
		size += len(name) + len(value)
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return fmt.Errorf("user metadata: the name %q is not of lower-case letters, digits and -", name)
		}
		if value == "" || strings.TrimSpace(value) != value || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' }) {
			return fmt.Errorf("user metadata: the value of %s is empty, or not of printable ASCII", name)
		}
	}
	if size > mostUser {
		return fmt.Errorf("user metadata of %d bytes is more than %d", size, mostUser)
	}
	return nil
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
