package httpsource

import (
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/actiontrail/actiontrail/plugins"
)

// keptKeys is how many keys are remembered. A client that lost an answer asks again
// soon; the marks of all of them are part of every snapshot of the cursor.
const keptKeys = 512

// maxKey is how long an Idempotency-Key may be.
const maxKey = 255

var errOtherBody = errors.New("this Idempotency-Key came before, with another body")

// name is what is known of a request with a key.
func name(key string, body []byte) *known {
	k, b := sha256.Sum256([]byte(key)), sha256.Sum256(body)
	return &known{key: keyHash(k[:]), body: bodyHash(b[:])}
}

// took notes that n more records of a request were taken, and returns the marks that
// say so. They travel in the same batch as the records.
func (in *inlet) took(r *request, n int) plugins.Cursor {
	k := r.key
	if k == nil {
		return nil
	}
	var moved plugins.Cursor
	if k.total == 0 { // seen for the first time
		k.total = len(r.records)
		if last := len(in.state.keys); last > 0 {
			k.order = in.state.keys[last-1].order + 1
		}
		in.state.keys = append(in.state.keys, k)
		in.keys[k.key] = k
		moved = in.evict()
	}
	k.taken += n
	return append(moved, plugins.Mark{Key: k.key.mark(), Value: k.value()})
}

// evict forgets the oldest key when there are too many, but none of a request that is under way.
func (in *inlet) evict() plugins.Cursor {
	if len(in.state.keys) <= keptKeys {
		return nil
	}
	i := slices.IndexFunc(in.state.keys, func(k *known) bool { return in.waiting[k.key] == nil })
	if i < 0 {
		return nil
	}
	old := in.state.keys[i].key
	in.state.keys = slices.Delete(in.state.keys, i, i+1)
	delete(in.keys, old)
	return plugins.Cursor{{Key: old.mark()}}
}
