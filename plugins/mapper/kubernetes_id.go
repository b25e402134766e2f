package mapper

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/actiontrail/actiontrail/event"
)

// id is the id of the event, a UUID made of a hash as all ids of events are. The
// audit id alone is none: an API server takes it from whatever client sends one, so
// that a second act could pass for the first. What the server adds to it (when the
// request came, from whom, for what) a client cannot make the same again; of a record
// that is delivered twice it is the same.
func (k *kube) id() string {
	v, b := k.nested.text, k.hashed[:0]
	for _, s := range [...]string{"kubernetes", v[kubeID], v[kubeStage], v[kubeReceived], v[kubeVerb], v[kubeURI], v[kubeUser], v[kubeUID]} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	k.hashed = b
	h := sha256.Sum256(b)
	h[6] = h[6]&0x0f | 0x80
	h[8] = h[8]&0x3f | 0x80
	return event.FormatUUID([16]byte(h[:16]))
}
