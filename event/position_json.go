package event

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Compare orders lanes by account, agent, source, key and epoch.
func (l Lane) Compare(m Lane) int {
	return cmp.Or(
		cmp.Compare(l.Account, m.Account),
		cmp.Compare(l.Agent, m.Agent),
		cmp.Compare(l.Source, m.Source),
		cmp.Compare(l.Key, m.Key),
		cmp.Compare(l.Epoch, m.Epoch),
	)
}

// The JSON form of a position, for manifests and seals: the lanes in order, so
// that the same position always gives the same bytes.
type positionJSON struct {
	Seq   uint64     `json:"seq"`
	Lanes []laneJSON `json:"lanes"`
}

type laneJSON struct {
	Lane
	Number   uint64 `json:"number"`
	Hash     Hash   `json:"hash"`
	Recent   string `json:"recent,omitempty"` // the short hashes, oldest first, 16 hex digits each
	Snapshot uint64 `json:"snapshot,omitempty"`
}

// MarshalJSON writes the position with its lanes in order.
func (p Position) MarshalJSON() ([]byte, error) {
	out := positionJSON{Seq: p.Seq, Lanes: make([]laneJSON, 0, len(p.Lanes))}
	for lane, at := range p.Lanes {
		recent := make([]byte, 0, 16*len(at.Recent))
		for _, h := range at.Recent {
			recent = hex.AppendEncode(recent, h[:])
		}
		out.Lanes = append(out.Lanes, laneJSON{lane, at.Number, at.Hash, string(recent), at.Snapshot})
	}
	slices.SortFunc(out.Lanes, func(a, b laneJSON) int { return a.Lane.Compare(b.Lane) })
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote, and refuses what it could not have written.
func (p *Position) UnmarshalJSON(data []byte) error {
	var in positionJSON
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return fmt.Errorf("position: %w", err)
	}
	*p = Position{Seq: in.Seq}
	if len(in.Lanes) > 0 {
		p.Lanes = make(map[Lane]LanePosition, len(in.Lanes))
	}
	for _, l := range in.Lanes {
		if _, ok := p.Lanes[l.Lane]; ok {
			return fmt.Errorf("position: lane %s stands in it twice", l.Lane)
		}
		recent, err := parseRecent(l.Recent, l.Hash)
		if err != nil {
			return fmt.Errorf("position: lane %s: %w", l.Lane, err)
		}
		p.Lanes[l.Lane] = LanePosition{Number: l.Number, Hash: l.Hash, Recent: recent, Snapshot: l.Snapshot}
	}
	return nil
}

func parseRecent(s string, last Hash) ([]ShortHash, error) {
	if s == "" {
		return nil, nil
	}
	raw, err := hex.DecodeString(s)
	const size = len(ShortHash{})
	switch {
	case err != nil:
		return nil, fmt.Errorf("recent: %w", err)
	case len(raw)%size != 0 || len(raw) > KeptHashes*size:
		return nil, fmt.Errorf("recent: %d bytes are not up to %d hashes of %d", len(raw), KeptHashes, size)
	case ShortHash(raw[len(raw)-size:]) != last.Short():
		return nil, errors.New("recent does not end with the hash of the last batch")
	}
	recent := make([]ShortHash, 0, len(raw)/size)
	for ; len(raw) > 0; raw = raw[size:] {
		recent = append(recent, ShortHash(raw[:size]))
	}
	return recent, nil
}

// AppendLane appends the lane in a compact binary form: each name as its length
// (uvarint) and its bytes, in the order of the fields, then the epoch (uvarint).
func AppendLane(b []byte, l Lane) []byte {
	for _, s := range [...]string{l.Account, l.Agent, l.Source, l.Key} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return binary.AppendUvarint(b, l.Epoch)
}

// ReadLane reads what AppendLane wrote, and returns what follows it.
func ReadLane(b []byte) (l Lane, rest []byte, err error) {
	for _, s := range [...]*string{&l.Account, &l.Agent, &l.Source, &l.Key} {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > uint64(len(b)-k) {
			return Lane{}, nil, errors.New("lane is cut off")
		}
		*s = string(b[k : k+int(n)])
		b = b[k+int(n):]
	}
	n, k := binary.Uvarint(b)
	if k <= 0 {
		return Lane{}, nil, errors.New("lane is cut off")
	}
	l.Epoch = n
	return l, b[k:], nil
}
