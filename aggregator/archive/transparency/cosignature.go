package transparency

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a hash of the tree.
type Hash = tlog.Hash

// algorithmCosignature is that of Ed25519 cosignatures in a vkey (C2SP tlog-cosignature).
const algorithmCosignature = 4

// cosigner checks the cosignatures of a witness: a time and a signature over
// "cosignature/v1", that time and the text of the checkpoint.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
	seen time.Time // of the last one that was right
}

func newCosigner(vkey string) (*cosigner, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	hash, text, ok := strings.Cut(rest, "+")
	wrong := errors.New("it is no public key of a witness, of the form NAME+HASH+KEY with algorithm 4 (cosignature/v1)")
	want, err := strconv.ParseUint(hash, 16, 32)
	if !ok || err != nil || len(hash) != 8 || ValidOrigin(name) != nil {
		return nil, wrong
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != algorithmCosignature {
		return nil, wrong
	}
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	c := &cosigner{name: name, hash: binary.BigEndian.Uint32(sum[:]), key: key[1:]}
	if uint64(c.hash) != want {
		return nil, fmt.Errorf("the key of witness %s is not that of its hash %s: it was cut off or changed", name, hash)
	}
	return c, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }

// Verify is of note.Verifier.
func (c *cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	if at > 1<<62 || !ed25519.Verify(c.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text), sig[8:]) {
		return false
	}
	c.seen = time.Unix(int64(at), 0).UTC()
	return true
}

// CheckCosigner tells why a text is not the public key (vkey) of a witness.
func CheckCosigner(vkey string) error {
	_, err := newCosigner(vkey)
	return err
}

// CosignerName is the name of a witness in its public key.
func CosignerName(vkey string) string { name, _, _ := strings.Cut(vkey, "+"); return name }

// Cosigned tells when the witness of a public key (vkey) cosigned a checkpoint, in UTC to the second;
// ErrUncosigned when it did not.
func Cosigned(signed []byte, vkey string) (time.Time, error) {
	c, err := newCosigner(vkey)
	if err != nil {
		return time.Time{}, err
	}
	n, err := note.Open(signed, note.VerifierList(c))
	var unverified *note.UnverifiedNoteError
	var wrong *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified), errors.As(err, &wrong):
		return time.Time{}, fmt.Errorf("witness %s: %w", c.name, ErrUncosigned)
	case err != nil:
		return time.Time{}, errors.New("it is no signed note")
	}
	if _, err := parseText(n.Text); err != nil {
		return time.Time{}, err
	}
	return c.seen, nil
}

// ErrUncosigned tells that a witness did not cosign a checkpoint.
var ErrUncosigned = errors.New("it has no right cosignature of it")

// AddCosignature gives a checkpoint with the cosignature of the witness of that
// public key, which is among the lines of its answer, and when it was made.
// Lines of others are left out.
func AddCosignature(signed, lines []byte, vkey string) ([]byte, time.Time, error) {
	both := append(append([]byte(nil), signed...), lines...)
	at, err := Cosigned(both, vkey)
	if err != nil {
		return nil, at, err
	}
	c, err := newCosigner(vkey)
	if err != nil {
		return nil, at, err
	}
	n, err := note.Open(both, note.VerifierList(c))
	if err != nil {
		return nil, at, err
	}
	line := fmt.Sprintf("— %s %s\n", n.Sigs[0].Name, n.Sigs[0].Base64)
	return append(append([]byte(nil), signed...), line...), at, nil
}

// CheckGrowth tells whether a tree goes on from a smaller one, by the proof of RFC 6962, 2.1.2.
func CheckGrowth(proof []Hash, small, large Checkpoint) bool {
	switch {
	case small.Size == 0:
		return true // everything goes on from nothing
	case small.Size == large.Size:
		return small.Root == large.Root
	}
	return tlog.CheckTree(proof, large.Size, large.Root, small.Size, small.Root) == nil
}
