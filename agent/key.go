package agent

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nats-io/nkeys"

	"github.com/actiontrail/actiontrail/internal/durable"
)

// KeyName is the file of an agent's key in its data folder.
const KeyName = "agent.nk"

// Key is an agent's identity: an Ed25519 key pair in NATS's nkey form. The name
// of an agent is only a label.
type Key struct {
	Public  string
	private ed25519.PrivateKey
}

// Sign signs with the private key, as nkeys does, without making the key from its seed each time.
func (k Key) Sign(data []byte) ([]byte, error) { return ed25519.Sign(k.private, data), nil }

// LoadKey reads the key of a data folder, or draws one when there is none.
func LoadKey(dir string) (Key, error) {
	path := filepath.Join(dir, KeyName)
	seed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return DrawKey(path)
	} else if err != nil {
		return Key{}, err
	}
	key, err := newKey(bytes.TrimSpace(seed))
	if err != nil {
		return Key{}, fmt.Errorf("%s is not an nkey seed: %w: restore it, or remove it to become a new agent", path, err)
	}
	return key, nil
}

// ReadKey reads the key in a file, which `actiontrail keys agent` wrote.
func ReadKey(path string) (Key, error) {
	seed, err := os.ReadFile(path)
	if err != nil {
		return Key{}, err
	}
	key, err := newKey(bytes.TrimSpace(seed))
	if err != nil {
		return Key{}, fmt.Errorf("%s is not an nkey seed: %w: `actiontrail keys agent` makes one", path, err)
	}
	return key, nil
}

// DrawKey makes a new key in a file that must not exist yet, and the folder it is in.
func DrawKey(path string) (Key, error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return Key{}, err
	}
	seed, err := pair.Seed()
	if err != nil {
		return Key{}, err
	}
	if err := durable.MkdirAll(filepath.Dir(path)); err != nil {
		return Key{}, err
	}
	if err := durable.CreateSecret(path, append(seed, '\n')); err != nil {
		return Key{}, err
	}
	return newKey(seed)
}

func newKey(seed []byte) (Key, error) {
	pair, err := nkeys.FromSeed(seed)
	if err != nil {
		return Key{}, err
	}
	public, err := pair.PublicKey()
	if err != nil {
		return Key{}, err
	}
	_, raw, err := nkeys.DecodeSeed(seed)
	if err != nil {
		return Key{}, err
	}
	return Key{public, ed25519.NewKeyFromSeed(raw)}, nil
}
