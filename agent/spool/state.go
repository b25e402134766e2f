package spool

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Link names the last batch of an epoch. The first batch of the next one is chained to it.
type Link struct {
	Epoch  uint64     `json:"epoch"`
	Number uint64     `json:"number"`
	Hash   event.Hash `json:"hash"`
}

// state is what the folder says about the epoch, in spool.json.
type state struct {
	Version int    `json:"version"`
	Epoch   uint64 `json:"epoch"`
	Machine string `json:"machine"` // where the epoch was begun
	Follows Link   `json:"follows"`
}

func readState(dir string) (state, bool, error) {
	path := filepath.Join(dir, stateName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, false, nil
	} else if err != nil {
		return state{}, false, err
	}
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return state{}, false, fmt.Errorf("%s: %w: move the folder away to begin a new epoch from the stream", path, err)
	}
	if s.Version != version {
		return state{}, false, fmt.Errorf("%s: version %d, this actiontrail reads %d", path, s.Version, version)
	}
	return s, true, nil
}

func (s state) write(dir string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, stateName), append(data, '\n'))
}

// drawEpoch draws a number that no other spool has: 52 random bits, exact as a JSON number.
func drawEpoch() (uint64, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, err
	}
	return max(binary.LittleEndian.Uint64(b[:])>>12, 1), nil
}
