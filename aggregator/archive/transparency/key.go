package transparency

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Key signs checkpoints. The same key can sign for several archives, under the origin of each.
type Key struct {
	seed [ed25519.SeedSize]byte
	made time.Time
}

// NewKey is the key of a seed, which must come from a source of randomness.
func NewKey(seed [ed25519.SeedSize]byte, made time.Time) Key {
	return Key{seed, made.UTC().Truncate(time.Second)}
}

// Made is when the key was made; UTC.
func (k Key) Made() time.Time { return k.made }

func (k Key) private() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(k.seed[:]) }

// VKey is the public form of the key for an origin, as note.NewVerifier reads it.
func (k Key) VKey(origin string) (string, error) {
	return note.NewEd25519VerifierKey(origin, k.private().Public().(ed25519.PublicKey))
}

// signer is a note.Signer: that package makes one from its own text of a private key only.
type signer struct {
	name string
	hash uint32
	key  ed25519.PrivateKey
}

func (s *signer) Name() string                    { return s.name }
func (s *signer) KeyHash() uint32                 { return s.hash }
func (s *signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// Signer signs notes of that origin.
func (k Key) Signer(origin string) (note.Signer, error) {
	vkey, err := k.VKey(origin)
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	return &signer{origin, v.KeyHash(), k.private()}, nil
}

// KeyOf tells whether vkey is a public key under that origin.
func KeyOf(vkey, origin string) bool {
	v, err := note.NewVerifier(vkey)
	return err == nil && v.Name() == origin
}

const keyFileHead = "# The private keys that sign checkpoints of archives; the first one is in force. Keep this file secret, and keep a copy of it.\n"

// keyAlgorithm begins the line of a key.
const keyAlgorithm = "ed25519"

// FormatKeys is the text of a file of private keys, the one in force first.
func FormatKeys(keys []Key) []byte {
	b := bytes.NewBufferString(keyFileHead)
	for _, k := range keys {
		fmt.Fprintf(b, "%s %s %s\n", keyAlgorithm, base64.StdEncoding.EncodeToString(k.seed[:]), k.made.Format(time.RFC3339))
	}
	return b.Bytes()
}

// ParseKeys reads what FormatKeys wrote. Its errors do not show what is in the file.
func ParseKeys(text []byte) ([]Key, error) {
	var keys []Key
	for n, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 3 || f[0] != keyAlgorithm {
			return nil, fmt.Errorf("line %d is not %q, a key in base64 and a time", n+1, keyAlgorithm)
		}
		seed, err := base64.StdEncoding.DecodeString(f[1])
		if err != nil || len(seed) != ed25519.SeedSize {
			return nil, fmt.Errorf("line %d has no key of %d bytes in base64", n+1, ed25519.SeedSize)
		}
		made, err := time.Parse(time.RFC3339, f[2])
		if err != nil {
			return nil, fmt.Errorf("line %d: the time is not as in RFC 3339", n+1)
		}
		keys = append(keys, NewKey([ed25519.SeedSize]byte(seed), made))
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no key")
	}
	return keys, nil
}

// ParseVKeys reads a text of public keys: one a line, empty lines and lines that begin with # aside.
func ParseVKeys(text []byte) ([]string, error) {
	var keys []string
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if _, err := note.NewVerifier(line); err != nil {
			return nil, fmt.Errorf("line %d is no public key of the form NAME+HASH+KEY: %w", n+1, err)
		}
		keys = append(keys, line)
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no public key")
	}
	return keys, nil
}
