package logdigest

import (
	"crypto/md5" // names a key as CloudTrail does; nothing hangs on it
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
)

// keyBits is the size of the keys of CloudTrail.
const keyBits = 2048

const pemType = "PRIVATE KEY"

// Key signs digests.
type Key struct{ private *rsa.PrivateKey }

// PublicKey is what a digest's signature is checked with.
type PublicKey struct{ key *rsa.PublicKey }

// NewKey draws a key.
func NewKey() (*Key, error) {
	k, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("draw a key: %w", err)
	}
	return &Key{k}, nil
}

// Format is the text of the file that keeps the key: PKCS #8 in PEM.
func (k *Key) Format() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}

// ParseKeys reads what Format wrote, or other RSA keys in PKCS #8 of at least 2,048 bits: the one in force first.
func ParseKeys(text []byte) ([]*Key, error) {
	var keys []*Key
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		k, err := parseKey(block)
		if err != nil {
			return nil, err
		}
		keys, text = append(keys, k), rest
	}
	if len(keys) == 0 {
		return nil, errors.New("it is no private key in PKCS #8 (PEM)")
	}
	return keys, nil
}

func parseKey(block *pem.Block) (*Key, error) {
	if block.Type != pemType {
		return nil, errors.New("it is no private key in PKCS #8 (PEM)")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("it is no private key in PKCS #8 (PEM)")
	}
	k, ok := parsed.(*rsa.PrivateKey)
	if !ok || k.N.BitLen() < keyBits {
		return nil, fmt.Errorf("it is no RSA key of at least %d bits", keyBits)
	}
	return &Key{k}, nil
}

// Public is the public key.
func (k *Key) Public() PublicKey { return PublicKey{&k.private.PublicKey} }

// Fingerprint names the key.
func (k *Key) Fingerprint() string { return k.Public().Fingerprint() }

// Fingerprint names the key: MD5 of its PKCS #1 form, in hex.
func (p PublicKey) Fingerprint() string {
	sum := md5.Sum(x509.MarshalPKCS1PublicKey(p.key))
	return hex.EncodeToString(sum[:])
}

// Text is the key in base64 of PKCS #1, as ListPublicKeys answers it.
func (p PublicKey) Text() string {
	return base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(p.key))
}

// ParsePublicKey reads what Text wrote.
func ParsePublicKey(text string) (PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return PublicKey{}, errors.New("it is no public key in base64")
	}
	k, err := x509.ParsePKCS1PublicKey(der)
	if err != nil || k.N.BitLen() < keyBits {
		return PublicKey{}, fmt.Errorf("it is no public RSA key (PKCS #1) of at least %d bits", keyBits)
	}
	return PublicKey{k}, nil
}
