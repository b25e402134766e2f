package agent

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/actiontrail/actiontrail/internal/durable"
)

// hashKeyBytes is how long a key is that API keys are hashed with.
const hashKeyBytes = 32

// ReadHashKey reads the key with which an account's API keys are hashed: 64 hex
// digits, and a line end.
func ReadHashKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != hashKeyBytes {
		return nil, fmt.Errorf("%s is not a hash key: it has to hold %d hex digits, as `actiontrail keys` writes it", path, 2*hashKeyBytes)
	}
	return key, nil
}

// DrawHashKey makes a new one in a file that must not exist yet, and the folder it
// is in. Only its owner may read it.
func DrawHashKey(path string) error {
	key := make([]byte, hashKeyBytes)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	if err := durable.MkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	return durable.CreateSecret(path, append(hex.AppendEncode(nil, key), '\n'))
}
