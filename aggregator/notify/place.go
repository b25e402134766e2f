package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/actiontrail/actiontrail/internal/durable"
)

// mostRefused is how many notices that were refused for good are kept. When there
// are so many nothing more is passed over.
const mostRefused = 1000

// Versions of the file: one with what was refused is 2.
const (
	plainPlace   = 1
	refusedPlace = 2
)

// place is what is told next, as the file has it (docs/format/notify.md).
type place struct {
	Version int       `json:"version"`
	Seal    uint64    `json:"seal"`
	Object  int       `json:"object"`
	Refused []refused `json:"refused,omitempty"`
}

// refused is an object of which a receiver would not hear.
type refused struct {
	Seal   uint64    `json:"seal"`
	Object int       `json:"object"`
	Key    string    `json:"key"`
	At     time.Time `json:"at"`
	Why    string    `json:"why"`
}

// with is the place with these refused.
func (p place) with(all []refused) place {
	p.Version, p.Refused = plainPlace, all
	if len(all) > 0 {
		p.Version = refusedPlace
	}
	return p
}

// readPlace refuses what no Teller writes.
func readPlace(data []byte) (place, error) {
	var p place
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, err
	}
	if _, err := d.Token(); err != io.EOF {
		return p, errors.New("there is more behind it")
	}
	switch {
	case p.Version != plainPlace && p.Version != refusedPlace:
		return p, fmt.Errorf("version %d is not known to this version of actiontrail", p.Version)
	case p.Object < 0 || (p.Version == plainPlace) != (len(p.Refused) == 0) || len(p.Refused) > mostRefused:
		return p, errors.New("no teller of notifications has written it")
	}
	for _, r := range p.Refused {
		if r.Object < 0 || r.Key == "" || r.Seal > p.Seal {
			return p, fmt.Errorf("it notes as refused object %d of seal %d, which was not told of", r.Object, r.Seal)
		}
	}
	return p, nil
}

// begin reads where to go on; the first time that is behind what is there.
func (t *Teller) begin() (place, error) {
	last := t.Archive.Status().LastSeal
	data, err := os.ReadFile(t.File)
	if errors.Is(err, fs.ErrNotExist) {
		if err := durable.MkdirAll(filepath.Dir(t.File)); err != nil {
			return place{}, fmt.Errorf("keep how far notifications are: %w", err)
		}
		at := place{Version: plainPlace, Seal: last + 1}
		return at, t.keep(at)
	}
	var at place
	if err == nil {
		at, err = readPlace(data)
	}
	if err == nil && at.Seal > last+1 {
		err = fmt.Errorf("it is at seal %d, and the archive has seals 0 to %d", at.Seal, last)
	}
	if err != nil {
		return place{}, fmt.Errorf("how far notifications are, in %s: %w; remove it to begin behind what is there", t.File, err)
	}
	return at, nil
}

func (t *Teller) keep(at place) error {
	data, err := json.Marshal(at)
	if err == nil {
		err = durable.WriteFile(t.File, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep how far notifications are: %w", err)
	}
	return nil
}
