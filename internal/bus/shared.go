package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
)

// sharedBucket is the key-value bucket of what several aggregators on one stream share.
const sharedBucket = "ACTIONTRAIL"

// ErrOvertaken is the answer to a change of what somebody else has changed since it was read.
var ErrOvertaken = errors.New("another aggregator has changed it meanwhile")

// Shared keeps small documents that several aggregators share, by name: words of
// letters, digits, - and _ with . and / between them. A document is changed only as
// it was last read or written here: whoever was overtaken changes nothing. It is
// safe for concurrent use.
type Shared struct {
	c  *Conn
	kv jetstream.KeyValue

	mu   sync.Mutex
	seen map[string]uint64 // revision by name; 0: there was none
}

// Shared opens what is shared, and makes it when it is not there. It is kept in as
// many replicas as the stream, which is to be there.
func (c *Conn) Shared(ctx context.Context) (*Shared, error) {
	stream, err := c.js.Stream(ctx, StreamName)
	if err != nil {
		return nil, c.explain(err)
	}
	kv, err := c.js.KeyValue(ctx, sharedBucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = c.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: sharedBucket, Description: "what the aggregators share", History: 1,
			Storage: jetstream.FileStorage, Replicas: stream.CachedInfo().Config.Replicas})
	}
	if err != nil {
		return nil, fmt.Errorf("bucket %s of NATS: %w", sharedBucket, c.explain(err))
	}
	return &Shared{c: c, kv: kv, seen: map[string]uint64{}}, nil
}

// Get reads a document; ErrNone when there is none.
func (s *Shared) Get(ctx context.Context, name string) ([]byte, error) {
	e, err := s.kv.Get(ctx, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		s.seen[name] = 0
		return nil, ErrNone
	case err != nil:
		return nil, s.failed("read", name, err)
	}
	s.seen[name] = e.Revision()
	return e.Value(), nil
}

// Put writes a document. nil = durable, as the bucket's sync mode has it.
// ErrOvertaken = it is no longer as it was last read or written here.
func (s *Shared) Put(ctx context.Context, name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	var revision uint64
	if last := s.seen[name]; last == 0 {
		revision, err = s.kv.Create(ctx, name, data)
	} else {
		revision, err = s.kv.Update(ctx, name, data, last)
	}
	if err != nil {
		return s.failed("write", name, err)
	}
	s.seen[name] = revision
	return nil
}

// Delete removes a document, which need not be there.
func (s *Shared) Delete(ctx context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.seen[name]
	if last == 0 {
		return nil
	}
	if err := s.kv.Delete(ctx, name, jetstream.LastRevision(last)); err != nil {
		return s.failed("remove", name, err)
	}
	s.seen[name] = 0
	return nil
}

// List gives the names that begin with a folder.
func (s *Shared) List(ctx context.Context, folder string) ([]string, error) {
	l, err := s.kv.ListKeys(ctx)
	if err != nil {
		return nil, s.failed("list", folder, err)
	}
	var names []string
	for name := range l.Keys() {
		if strings.HasPrefix(name, folder+"/") {
			names = append(names, name)
		}
	}
	if err := ctx.Err(); err != nil { // the list may be cut off
		return nil, s.failed("list", folder, err)
	}
	return names, nil
}

func (s *Shared) failed(what, name string, err error) error {
	if overtaken(err) {
		err = ErrOvertaken
	}
	return fmt.Errorf("%s %s in bucket %s of NATS: %w", what, name, sharedBucket, s.c.explain(err))
}

// overtaken tells whether a change failed because the revision is another one.
func overtaken(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || errors.Is(err, jetstream.ErrKeyExists)
}
