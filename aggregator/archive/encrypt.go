package archive

import (
	"fmt"
	"io"
	"slices"

	"filippo.io/age"
)

// ParseRecipients reads public keys of age, as age1….
func ParseRecipients(keys []string) ([]age.Recipient, error) {
	var all []age.Recipient
	for i, key := range keys {
		r, err := age.ParseX25519Recipient(key)
		if err != nil {
			return nil, fmt.Errorf("recipient %q is no public key of age: %w", key, err)
		}
		if slices.Contains(keys[:i], key) {
			return nil, fmt.Errorf("recipient %s is there twice", key)
		}
		all = append(all, r)
	}
	return all, nil
}

// Identities are secret keys of age.
type Identities []age.Identity

// ParseIdentities reads a file of age identities, as age-keygen writes it.
func ParseIdentities(r io.Reader) (Identities, error) {
	all, err := age.ParseIdentities(r)
	if err != nil {
		return nil, fmt.Errorf("it holds no identity of age: %w", err)
	}
	return all, nil
}
