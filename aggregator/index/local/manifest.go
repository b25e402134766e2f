package local

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// manifest names what belongs to the index. A file that it does not name is
// left over from a crash. On disk it is a line with magic, version and the
// CRC-32C of what follows it, and JSON.
type manifest struct {
	// WAL is the oldest one whose events are not in segments.
	WAL uint64 `json:"wal"`
	// From is the WAL at whose beginning Position is; those before it give
	// events only. It is more than WAL after damage was found in one.
	From     uint64         `json:"from"`
	Position event.Position `json:"position"`
	Next     uint64         `json:"next"` // number of the next segment
	Segments []segmentEntry `json:"segments"`
	Damaged  []damageEntry  `json:"damaged"`
}

type segmentEntry struct {
	File   string         `json:"file"`
	Class  string         `json:"class,omitempty"` // of its events; empty: the default one
	Events int            `json:"events"`
	Bytes  int64          `json:"bytes"`
	Seqs   index.SeqRange `json:"seqs"` // where its events are in the stream
}

// damageEntry is a file that was set aside, or that lacks a part.
type damageEntry struct {
	File    string `json:"file"`
	Reason  string `json:"reason"`
	Missing bool   `json:"missing,omitempty"` // there is no file that could be looked at
	// Lost is where the stream had its events; zero: they come again by themselves, or have come again.
	Lost index.SeqRange `json:"lost,omitzero"`
	Gone bool           `json:"gone,omitempty"` // the stream did not have all of it any more
}

const (
	manifestName    = "manifest"
	manifestMagic   = "actiontrail-index"
	manifestVersion = 2 // 1 had no classes
)

func (m *manifest) encode() ([]byte, error) {
	body, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, err
	}
	body = append(body, '\n')
	return append(fmt.Appendf(nil, "%s %d %08x\n", manifestMagic, manifestVersion, checksum(body)), body...), nil
}

func decodeManifest(b []byte) (*manifest, error) {
	head, body, _ := bytes.Cut(b, []byte("\n"))
	var magic string
	var version int
	var sum uint32
	if _, err := fmt.Sscanf(string(head), "%s %d %x", &magic, &version, &sum); err != nil || magic != manifestMagic {
		return nil, errors.New("it does not begin as a manifest does")
	}
	if version < 1 || version > manifestVersion {
		return nil, fmt.Errorf("it has version %d; this release reads versions 1 to %d", version, manifestVersion)
	}
	if checksum(body) != sum {
		return nil, errors.New("its checksum does not match")
	}
	m := &manifest{}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, err
	}
	for _, s := range m.Segments {
		if filepath.Base(s.File) != s.File || filepath.Ext(s.File) != segmentSuffix || s.Events < 0 {
			return nil, fmt.Errorf("%q is not a segment", s.File)
		}
	}
	return m, nil
}

// readManifest reads the manifest of a folder; of a new one it is nil.
func readManifest(dir string) (*manifest, error) {
	path := filepath.Join(dir, manifestName)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		for _, suffix := range []string{walSuffix, segmentSuffix} {
			if files, err := filepath.Glob(filepath.Join(dir, "*"+suffix)); err != nil || len(files) > 0 {
				return nil, errors.Join(fmt.Errorf("%s is missing, and %s has files of an index: bring it back, or empty the folder and the index is filled again from the stream", path, dir), err)
			}
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := decodeManifest(b)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w: bring it back, or empty the folder and the index is filled again from the stream", path, err)
	}
	return m, nil
}

// clone is a copy whose lists can be changed. The position is never changed in place.
func (m *manifest) clone() *manifest {
	c := *m
	c.Segments, c.Damaged = slices.Clone(m.Segments), slices.Clone(m.Damaged)
	return &c
}
