package transparency

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says what the log was when it had this many seals.
type Checkpoint struct {
	Origin string // names the archive
	Size   int64  // seals
	Root   tlog.Hash
}

// CheckpointFolder is where checkpoints are in the bucket.
const CheckpointFolder = Folder + "checkpoint/"

// LongestCheckpoint bounds what is read as a checkpoint.
const LongestCheckpoint = 64 << 10

// CheckpointKey is the key of the checkpoint over that many seals.
func CheckpointKey(size int64) string { return fmt.Sprintf("%s%012d", CheckpointFolder, size) }

// ParseCheckpointKey reads a key of a checkpoint; false when it is none.
func ParseCheckpointKey(key string) (size int64, ok bool) {
	rest, ok := strings.CutPrefix(key, CheckpointFolder)
	if !ok {
		return 0, false
	}
	size, err := strconv.ParseInt(rest, 10, 64)
	return size, err == nil && size > 0 && CheckpointKey(size) == key
}

// ValidOrigin refuses what cannot be the name of a key.
func ValidOrigin(origin string) error {
	if origin == "" || len(origin) > 512 || strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r == '+' || r > '~' }) {
		return fmt.Errorf("origin %q: it is up to 512 printable ASCII characters without space and +", origin)
	}
	return nil
}

// text is what is signed.
func (c *Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// Sign gives the signed note, signed with each key under the origin.
func (c *Checkpoint) Sign(keys ...Key) ([]byte, error) {
	var signers []note.Signer
	for _, k := range keys {
		s, err := k.Signer(c.Origin)
		if err != nil {
			return nil, err
		}
		signers = append(signers, s)
	}
	return note.Sign(&note.Note{Text: c.text()}, signers...)
}

// ReadCheckpoint reads a checkpoint without asking who signed it.
func ReadCheckpoint(data []byte) (Checkpoint, error) {
	_, err := note.Open(data, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return Checkpoint{}, errors.New("it is no signed note")
	}
	return parseText(unverified.Note.Text)
}

// OpenCheckpoint reads a checkpoint that at least one of the keys (vkey texts)
// signed, and returns those that did. A wrong signature of one of them is an error.
func OpenCheckpoint(data []byte, vkeys []string) (Checkpoint, []string, error) {
	c, err := ReadCheckpoint(data)
	if err != nil {
		return c, nil, err
	}
	var verifiers []note.Verifier
	texts := map[uint32]string{}
	for _, k := range vkeys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return c, nil, fmt.Errorf("public key %q: %w", k, err)
		}
		// A key signs under the origin of its archive; one of another archive is none here.
		if _, twice := texts[v.KeyHash()]; v.Name() == c.Origin && !twice {
			verifiers = append(verifiers, v)
			texts[v.KeyHash()] = k
		}
	}
	n, err := note.Open(data, note.VerifierList(verifiers...))
	var unverified *note.UnverifiedNoteError
	var wrong *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		return c, nil, ErrUnsigned
	case errors.As(err, &wrong):
		return c, nil, errors.New("its signature is wrong")
	case err != nil:
		return c, nil, err
	}
	var by []string
	for _, s := range n.Sigs {
		by = append(by, texts[s.Hash])
	}
	return c, by, nil
}

// ErrUnsigned tells that none of the keys signed the checkpoint.
var ErrUnsigned = errors.New("none of the keys signed it")

func parseText(text string) (Checkpoint, error) {
	var c Checkpoint
	lines := strings.SplitAfter(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return c, errors.New("it is no checkpoint: three lines are needed: origin, size, root")
	}
	c.Origin = strings.TrimSuffix(lines[0], "\n")
	size, err := strconv.ParseInt(strings.TrimSuffix(lines[1], "\n"), 10, 64)
	if err != nil || size < 0 {
		return c, errors.New("it is no checkpoint: its size is not a number")
	}
	c.Size = size
	root, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(lines[2], "\n"))
	if err != nil || len(root) != tlog.HashSize {
		return c, errors.New("it is no checkpoint: its root is not 32 bytes in base64")
	}
	c.Root = tlog.Hash(root)
	if err := ValidOrigin(c.Origin); err != nil {
		return c, fmt.Errorf("it is no checkpoint: %w", err)
	}
	if !bytes.Equal([]byte(c.text()), []byte(text)) {
		return c, errors.New("it is no checkpoint: it is not in canonical form")
	}
	return c, nil
}
