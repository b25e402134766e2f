package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
)

const (
	proofFormat  = "actiontrail proof"
	proofVersion = 1
	// LongestProof bounds what is read as a proof.
	LongestProof = longestLine + longestSeal
)

// Proof shows that an event is in an archive, to whoever has the archive's public
// key and nothing else. docs/format/proof.md gives the bytes.
type Proof struct {
	Format     string     `json:"format"`
	Version    int        `json:"version"`
	Event      ProofEvent `json:"event"`
	Seal       ProofSeal  `json:"seal"`
	Checkpoint string     `json:"checkpoint"` // signed note
}

// ProofEvent is the event and its place in an object.
type ProofEvent struct {
	Line   string       `json:"line"`   // canonical JSON, without a line end
	Object string       `json:"object"` // key
	Index  uint64       `json:"index"`  // of the line in the object, from 0
	Path   []event.Hash `json:"path"`   // from the leaf to the root of the object, RFC 6962, 2.1.1
}

// ProofSeal is the seal that names the object, and its place in the log.
type ProofSeal struct {
	Text string       `json:"text"` // all bytes of it
	Path []event.Hash `json:"path"` // from the leaf to the root in the checkpoint
}

// Proven is what a proof proves.
type Proven struct {
	Event      event.Event
	Object     Object
	Seal       *Seal
	Checkpoint transparency.Checkpoint
	By         []string // keys that signed it
}

// Encode gives the bytes of the proof: indented JSON and a line end.
func (p *Proof) Encode() ([]byte, error) {
	if !utf8.ValidString(p.Event.Line) || !utf8.ValidString(p.Seal.Text) || !utf8.ValidString(p.Checkpoint) {
		return nil, errors.New("a proof is of texts in UTF-8")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(p); err != nil {
		return nil, fmt.Errorf("encode the proof: %w", err)
	}
	return b.Bytes(), nil
}

// DecodeProof reads a proof, and refuses whatever Encode would not have written.
// It does not check it: Check does.
func DecodeProof(data []byte) (*Proof, error) {
	var head struct {
		Format  string
		Version int
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("it is no proof: %w", err)
	}
	if head.Format != proofFormat {
		return nil, fmt.Errorf("it is no proof: its format is %q, not %q", head.Format, proofFormat)
	}
	if head.Version != proofVersion {
		return nil, fmt.Errorf("proofs of version %d are not supported, only %d: use a later release", head.Version, proofVersion)
	}
	var p Proof
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("it is no proof: %w", err)
	}
	if p.Event.Path == nil || p.Seal.Path == nil {
		return nil, errors.New("it is no proof: a path may be empty, not null")
	}
	again, err := p.Encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, data) {
		return nil, errors.New("it is not in canonical form: something was added, left out or written in another way")
	}
	return &p, nil
}

// Check follows the proof from the event to the signature of one of the keys (vkeys).
// The error says which step fails.
func (p *Proof) Check(vkeys []string) (*Proven, error) {
	e, err := event.ParseJSON([]byte(p.Event.Line))
	if err != nil {
		return nil, fmt.Errorf("the event is none: %w", err)
	}
	if string(e.AppendJSON(nil)) != p.Event.Line || e.ID == "" {
		return nil, errors.New("the event is not in canonical form, or has no eventId")
	}
	s, err := DecodeSeal([]byte(p.Seal.Text))
	if err != nil {
		return nil, fmt.Errorf("the seal is damaged: %w", err)
	}
	out := &Proven{Event: e, Seal: s}
	named := false
	for _, o := range s.Objects {
		if o.Key == p.Event.Object {
			out.Object, named = o, true
		}
	}
	if !named {
		return nil, fmt.Errorf("seal %d does not name the object %s", s.Number, p.Event.Object)
	}
	if p.Event.Index >= out.Object.Count {
		return nil, fmt.Errorf("the object %s has %d events, so none of index %d", out.Object.Key, out.Object.Count, p.Event.Index)
	}
	if out.Object.Count > 1<<62 {
		return nil, fmt.Errorf("the object %s cannot have %d events", out.Object.Key, out.Object.Count)
	}
	leaf := tlog.RecordHash([]byte(p.Event.Line))
	if tlog.CheckRecord(hashesOf(p.Event.Path), int64(out.Object.Count), tlog.Hash(out.Object.Logical), int64(p.Event.Index), leaf) != nil {
		return nil, fmt.Errorf("the event is not line %d of the object %s, as seal %d has it: the event, its index or its path was changed", p.Event.Index+1, out.Object.Key, s.Number)
	}
	c, by, err := transparency.OpenCheckpoint([]byte(p.Checkpoint), vkeys)
	if errors.Is(err, transparency.ErrUnsigned) {
		return nil, fmt.Errorf("the checkpoint of %s over %d seals is signed by none of the keys that were given", c.Origin, c.Size)
	}
	if err != nil {
		return nil, fmt.Errorf("the checkpoint: %w", err)
	}
	out.Checkpoint, out.By = c, by
	if s.Number >= uint64(c.Size) {
		return nil, fmt.Errorf("the checkpoint is over %d seals, so not over seal %d", c.Size, s.Number)
	}
	if tlog.CheckRecord(hashesOf(p.Seal.Path), c.Size, c.Root, int64(s.Number), tlog.RecordHash([]byte(p.Seal.Text))) != nil {
		return nil, fmt.Errorf("seal %d is not the one that the checkpoint over %d seals was signed over: the seal or its path was changed", s.Number, c.Size)
	}
	return out, nil
}

func hashesOf(path []event.Hash) tlog.RecordProof {
	out := make(tlog.RecordProof, len(path))
	for i, h := range path {
		out[i] = tlog.Hash(h)
	}
	return out
}

func pathOf(proof tlog.RecordProof) []event.Hash {
	out := make([]event.Hash, len(proof))
	for i, h := range proof {
		out[i] = event.Hash(h)
	}
	return out
}
