package aggregator

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Quarantine keeps what cannot be processed: one folder with a file of the
// message as it came (SEQ.batch) and one that says why (SEQ.json) for each; of an
// event that the index cannot store, SEQ-HASH.event and SEQ-HASH.json.
// Nothing is ever removed by actiontrail itself.
type Quarantine struct {
	dir      string
	retrying sync.Mutex // held by who takes something in again
	mu       sync.Mutex
	count    int // but for what was taken in again
	bytes    int64
	last     Quarantined
}

// Quarantined says why a message is in quarantine.
type Quarantined struct {
	Name    string    `json:"-"` // of its files, without what follows a dot
	Seq     uint64    `json:"seq"`
	Subject string    `json:"subject"`
	Stored  time.Time `json:"stored"` // when the stream took it
	Reason  Reason    `json:"reason"`
	Detail  string    `json:"detail"`
	Bytes   int       `json:"bytes"`
	Retry   *Retry    `json:"-"` // nil: nobody tried to take it in again
}

// OpenQuarantine opens the folder, or makes it, and counts what it holds.
func OpenQuarantine(dir string) (*Quarantine, error) {
	if err := durable.MkdirAll(dir); err != nil {
		return nil, err
	}
	if err := durable.RemoveTemporary(dir); err != nil {
		return nil, err
	}
	q := &Quarantine{dir: dir}
	all, err := q.List()
	for _, one := range all {
		if one.Retry == nil || !one.Retry.Over() {
			q.note(one)
		}
	}
	return q, err
}

func (q *Quarantine) note(one Quarantined) {
	q.count++
	q.bytes += int64(one.Bytes)
	q.last = one
}

// Write keeps a message. It may be called again for the same one.
func (q *Quarantine) Write(m bus.Message, why *Refusal) error {
	one := Quarantined{Seq: m.Seq, Subject: m.Subject, Stored: m.Stored, Reason: why.Reason, Detail: why.Err.Error(), Bytes: len(m.Data)}
	_, err := q.keep(fmt.Sprintf("%020d", m.Seq), ".batch", m.Data, one)
	return err
}

// KeepEvent keeps one event of a batch, which the index cannot store: its canonical
// JSON, in a file SEQ-HASH.event. It may be called again for the same one; then new
// is false.
func (q *Quarantine) KeepEvent(r index.Refused, now time.Time) (new bool, err error) {
	subject, err := bus.Subject(r.Lane.Account, r.Lane.Agent, r.Lane.Source)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(r.Event)
	one := Quarantined{Seq: r.Seq, Subject: subject, Stored: now, Reason: IndexRefused, Detail: "event " + r.ID + ": " + r.Reason, Bytes: len(r.Event)}
	return q.keep(fmt.Sprintf("%020d-%x", r.Seq, sum[:8]), ".event", r.Event, one)
}

// keep writes what came and the note about it; false when the note was there.
func (q *Quarantine) keep(name, suffix string, what []byte, one Quarantined) (bool, error) {
	data, err := json.MarshalIndent(one, "", "  ")
	if err != nil {
		return false, err
	}
	base := filepath.Join(q.dir, name)
	if err := durable.CreateFile(base+suffix, what); err != nil && !errors.Is(err, fs.ErrExist) {
		return false, fmt.Errorf("quarantine: %w", err)
	}
	// The note comes last: without it what came is not counted, and is written again.
	if err := durable.CreateFile(base+".json", append(data, '\n')); errors.Is(err, fs.ErrExist) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("quarantine: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.note(one)
	return true, nil
}

// List tells what is in quarantine, oldest first.
func (q *Quarantine) List() ([]Quarantined, error) {
	names, err := filepath.Glob(filepath.Join(q.dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []Quarantined
	for _, name := range names {
		one, err := q.read(strings.TrimSuffix(filepath.Base(name), ".json"))
		if err != nil {
			return all, err
		}
		all = append(all, one)
	}
	return all, nil
}

// Stats tells how many messages are kept, how many bytes, and the last one.
func (q *Quarantine) Stats() (count int, bytes int64, last Quarantined) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count, q.bytes, q.last
}
