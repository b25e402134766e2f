// Package bundle makes and checks bundles for auditors: a zip with the events of a
// period out of one archive, the seals they are in, the proofs that they are what was
// sealed, the signed checkpoint and a report to read; with a manifest that the
// archive's key signs. Whoever has the public key checks it offline.
// docs/format/bundle.md gives the bytes.
package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
)

const (
	format  = "actiontrail bundle"
	version = 1
)

// Names of the members, in their order in the zip.
const (
	sealsName      = "seals.ndjson"
	eventsName     = "events.ndjson"
	objectsName    = "objects.ndjson"
	logName        = "log.json"
	checkpointName = "checkpoint.note"
	keysName       = "keys.txt"
	reportName     = "report.html"
	manifestName   = "manifest.json"
	signatureName  = "manifest.note"
)

// listed are the members that the manifest lists, in their order.
func listed() []string {
	return []string{sealsName, eventsName, objectsName, logName, checkpointName, keysName, reportName}
}

// Manifest says what a bundle is, and which bytes belong to it.
type Manifest struct {
	Format   string    `json:"format"`
	Version  int       `json:"version"`
	Origin   string    `json:"origin"` // of the archive's log
	Trail    string    `json:"trail"`
	Delivery string    `json:"delivery"`
	Tool     string    `json:"tool"` // that made it, with its version
	Made     time.Time `json:"made"`
	From     time.Time `json:"from"` // eventTime: From ≤ t < To
	To       time.Time `json:"to"`
	Until    time.Time `json:"until"` // what was sealed up to this time was looked through
	Where    string    `json:"where"` // KQL; "": all events
	Seals    Seals     `json:"seals"`
	Events   uint64    `json:"events"` // in the bundle
	Sealed   uint64    `json:"sealed"` // events in the objects of these seals
	Gone     uint64    `json:"gone"`   // of them, those in objects that had expired
	Members  []Member  `json:"members"`
}

// Seals are the seals that were looked through.
type Seals struct {
	First uint64    `json:"first"`
	Last  uint64    `json:"last"`
	From  time.Time `json:"from"` // time of the first
	To    time.Time `json:"to"`   // time of the last
}

// Member is a file of the zip.
type Member struct {
	Name   string     `json:"name"`
	Bytes  int64      `json:"bytes"`
	SHA256 event.Hash `json:"sha256"`
}

// objectLine is a line of objects.ndjson: which events of an object are in the bundle.
type objectLine struct {
	Seal   uint64       `json:"seal"`
	Object string       `json:"object"` // key
	Events [][2]int64   `json:"events"` // lines of the object: from, to; to is not among them
	Proof  []event.Hash `json:"proof"`  // transparency.ProveSpans
	Gone   bool         `json:"gone,omitempty"`
}

// logMember is log.json: how the seals are in the log.
type logMember struct {
	Seals     []event.Hash `json:"seals"`     // proof of the seals in the checkpoint
	Witnessed []witnessed  `json:"witnessed"` // checkpoints that witnesses have
}

type witnessed struct {
	Name  string       `json:"name"`
	Key   string       `json:"key,omitempty"` // of a witness that cosigned it
	Note  string       `json:"note"`
	Proof []event.Hash `json:"proof"` // that the checkpoint goes on from it
}

// encode is JSON in one form, ended by a line feed.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(v)
	return b.Bytes(), err
}

// decode reads what encode wrote, and nothing else.
func decode(data []byte, indent string, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	again, err := encode(v, indent)
	if err == nil && !bytes.Equal(again, data) {
		err = errors.New("it is not in canonical form")
	}
	return err
}

// signedText is what the key signs: nothing that it signs for the log looks like it.
func signedText(origin string, manifest []byte) string {
	sum := sha256.Sum256(manifest)
	return origin + "\nactiontrail bundle\n" + base64.StdEncoding.EncodeToString(sum[:]) + "\n"
}

func sign(origin string, manifest []byte, key transparency.Key) ([]byte, error) {
	s, err := key.Signer(origin)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: signedText(origin, manifest)}, s)
}

// opened tells which of the keys signed the manifest.
func opened(signed []byte, origin string, manifest []byte, vkeys []string) ([]string, error) {
	var verifiers []note.Verifier
	seen := map[uint32]string{}
	for _, k := range vkeys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return nil, fmt.Errorf("public key %q: %w", k, err)
		}
		if _, twice := seen[v.KeyHash()]; v.Name() == origin && !twice {
			seen[v.KeyHash()] = k
			verifiers = append(verifiers, v)
		}
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		return nil, fmt.Errorf("none of the keys of %s signed it", origin)
	case err != nil:
		return nil, errors.New("its signature is wrong")
	case n.Text != signedText(origin, manifest):
		return nil, errors.New("it was signed for another manifest: that was changed")
	}
	var by []string
	for _, s := range n.Sigs {
		by = append(by, seen[s.Hash])
	}
	return by, nil
}

func eventHashes(in []transparency.Hash) []event.Hash {
	out := make([]event.Hash, len(in))
	for i, h := range in {
		out[i] = event.Hash(h)
	}
	return out
}

func logHashes(in []event.Hash) []transparency.Hash {
	out := make([]transparency.Hash, len(in))
	for i, h := range in {
		out[i] = transparency.Hash(h)
	}
	return out
}
