package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/nats-io/nkeys"

	"github.com/actiontrail/actiontrail/event"
)

const (
	magic     = "ATB1"
	prefixLen = len(magic) + 4 // magic and length of the header
	sigLen    = 64             // Ed25519
)

// parts are the pieces of a batch as it travels; they alias it.
type parts struct {
	signed []byte // magic, length and header: what the signature covers
	header []byte
	sig    []byte
	body   []byte
}

func split(msg []byte) (p parts, err error) {
	if len(msg) < prefixLen || string(msg[:len(magic)]) != magic {
		return p, fmt.Errorf("%w: does not begin with %s", ErrNotBatch, magic)
	}
	n := binary.LittleEndian.Uint32(msg[len(magic):])
	if n > MaxHeader || int(n)+prefixLen+sigLen > len(msg) {
		return p, fmt.Errorf("%w: header of %d bytes in a batch of %d", ErrNotBatch, n, len(msg))
	}
	end := prefixLen + int(n)
	return parts{
		signed: msg[:end],
		header: msg[prefixLen:end],
		sig:    msg[end : end+sigLen],
		body:   msg[end+sigLen:],
	}, nil
}

// read splits the batch and reads its header. The batch's hash is that of the
// header's bytes: it covers the body through the body's hash.
func read(msg []byte) (parts, Header, event.Hash, error) {
	p, err := split(msg)
	if err != nil {
		return p, Header{}, event.Hash{}, err
	}
	h, err := parseHeader(p.header)
	if err != nil {
		return p, Header{}, event.Hash{}, fmt.Errorf("%w: header: %w", ErrNotBatch, err)
	}
	return p, h, sha256.Sum256(p.header), nil
}

// ReadHeader reads the header of a batch and the batch's hash. It looks at
// neither signature nor body: nothing it returns is to be trusted before Verify.
func ReadHeader(msg []byte) (Header, event.Hash, error) {
	_, h, hash, err := read(msg)
	return h, hash, err
}

// Verify checks that the holder of the key in the header signed this header and
// this body. Whether that key may speak for the lane is the caller's to know.
// The error is ErrNotBatch or ErrSignature.
func Verify(msg []byte) error {
	p, h, _, err := read(msg)
	if err != nil {
		return err
	}
	return verify(p, h)
}

func verify(p parts, h Header) error {
	key, err := nkeys.FromPublicKey(h.Lane.Key)
	if err != nil {
		return fmt.Errorf("%w: key of the agent: %w", ErrSignature, err)
	}
	if err := key.Verify(p.signed, p.sig); err != nil {
		return fmt.Errorf("%w: batch %d of %s", ErrSignature, h.Number, h.Lane)
	}
	// A body that was exchanged is no fault of the agent: the true batch, of the
	// same hash, must still be welcome. So this is ErrSignature, not ErrBody.
	if event.Hash(sha256.Sum256(p.body)) != h.Body {
		return fmt.Errorf("%w: batch %d of %s: another body", ErrSignature, h.Number, h.Lane)
	}
	return nil
}

// Open checks a batch and reads its events. With ErrBody the batch comes all the
// same, without events; with any other error it is zero. Seq is for the caller to
// set. Nothing in the batch aliases msg.
func Open(msg []byte) (event.Batch, error) {
	p, h, hash, err := read(msg)
	if err != nil {
		return event.Batch{}, err
	}
	if err := verify(p, h); err != nil {
		return event.Batch{}, err
	}
	b := event.Batch{Lane: h.Lane, Number: h.Number, Prev: h.Prev, Hash: hash, Snapshot: h.Snapshot}
	b.Events, err = decodeBody(p.body, h)
	if err != nil {
		return b, fmt.Errorf("%w: batch %d of %s: %w", ErrBody, h.Number, h.Lane, err)
	}
	return b, nil
}
