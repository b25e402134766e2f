package dispatch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// noteVersion is the version of the file.
const noteVersion = 1

// notedHashes is how many hashes of a lane's last batches are noted: a batch that
// comes again after a restart is one of the last, and files stay small.
const notedHashes = 16

// note is the file that tells what was delivered. docs/format/dispatch.md is its page.
type note struct {
	Version      int            `json:"version"`
	Trail        string         `json:"trail"`
	Delivery     string         `json:"delivery"`
	Place        string         `json:"place"`
	Position     event.Position `json:"position"`
	Mark         []byte         `json:"mark,omitempty"` // of the sink; base64
	Events       uint64         `json:"events"`
	LastDelivery time.Time      `json:"lastDelivery,omitzero"`
}

// readNote reads the file; without one nothing was delivered.
func readNote(path string) (note, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return note{}, nil
	} else if err != nil {
		return note{}, err
	}
	n, err := parseNote(data)
	if err != nil {
		return note{}, fmt.Errorf("%s: %w; put back a copy of it, or remove it to deliver again all that the stream has", path, err)
	}
	return n, nil
}

func parseNote(data []byte) (note, error) {
	var n note
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&n); err != nil {
		return note{}, err
	}
	if n.Version != noteVersion {
		return note{}, fmt.Errorf("version %d is not known to this version of actiontrail", n.Version)
	}
	return n, nil
}

func writeNote(path string, n *note) error {
	n.Version = noteVersion
	n.Position = n.Position.Clone()
	for lane, at := range n.Position.Lanes {
		at.Recent = at.Recent[max(0, len(at.Recent)-notedHashes):]
		n.Position.Lanes[lane] = at
	}
	data, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.MkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	return durable.WriteFile(path, append(data, '\n'))
}
