package mapper

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/actiontrail/actiontrail/event"
)

// HashKeyBytes is how long the key is at least with which API keys are hashed.
const HashKeyBytes = 32

// KeyName is what is kept of an API key: its first characters, at most four; the
// id of the account's hash key; and 64 bits of HMAC-SHA-256, which nobody can turn
// back or guess without the hash key: "sk_l:7f3a:1f2e3d4c5b6a7988".
func KeyName(hashKey []byte, apiKey string) string {
	n := newKeyNamer(hashKey)
	return n.name(apiKey)
}

// HashKeyID tells hash keys apart: four digits of a hash of the key.
func HashKeyID(hashKey []byte) string {
	sum := sha256.Sum256(append([]byte("actiontrail hash key\x00"), hashKey...))
	return hex.EncodeToString(sum[:2])
}

// keyNamer makes names of API keys.
type keyNamer struct {
	id   string
	mac  hash.Hash // nil: there is no hash key
	sum  []byte
	text []byte
}

func newKeyNamer(hashKey []byte) keyNamer {
	if len(hashKey) == 0 {
		return keyNamer{}
	}
	return keyNamer{id: HashKeyID(hashKey), mac: hmac.New(sha256.New, hashKey)}
}

// name is that of a key. It lives until the next call.
func (n *keyNamer) name(key string) string {
	prefix := event.Text(key[:min(4, len(key)/4)])
	if n.mac == nil {
		return prefix + masked
	}
	n.mac.Reset()
	n.mac.Write(bytesOf(key))
	n.sum = n.mac.Sum(n.sum[:0])
	n.text = append(append(append(append(n.text[:0], prefix...), ':'), n.id...), ':')
	n.text = hex.AppendEncode(n.text, n.sum[:8])
	return view(n.text)
}
