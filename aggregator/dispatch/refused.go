package dispatch

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
	"github.com/actiontrail/actiontrail/plugins"
)

// RefusedEvent is the eventName under which the audit tells of refused events. That
// one which is refused itself is kept, and nothing more is told.
const RefusedEvent = "EventsRefused"

// Refusal tells of events that were refused together, and are kept.
type Refusal struct {
	Events int
	First  string // eventId of the first
	Reason string // why it was
	File   string // where they are
}

// refusedLine is a line of the file: an event, and why the sink will never take it.
type refusedLine struct {
	Time   time.Time       `json:"time"`
	Reason string          `json:"reason"`
	Event  json.RawMessage `json:"event"` // canonical JSON
}

// refusals is the file of refused events. Each is there once, however often it comes.
type refusals struct {
	path  string
	known map[string]bool // by eventId
	count uint64
	last  string // reason
}

// mostReason is how much of what a receiver says is kept.
const mostReason = 1000

func openRefusals(path string) (*refusals, error) {
	r := &refusals{path: path, known: map[string]bool{}}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewReader(f)
	for whole := int64(0); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil { // what follows the last whole line was cut off by a crash, and comes again
			if len(line) > 0 {
				return r, errors.Join(f.Truncate(whole), durable.Sync(f))
			}
			return r, nil
		}
		whole += int64(len(line))
		var one struct {
			Reason string
			Event  struct{ EventID string }
		}
		if err := json.Unmarshal(line, &one); err != nil {
			return nil, fmt.Errorf("%s: the line that ends at byte %d: %w; move the file away, it is kept for people only", path, whole, err)
		}
		r.known[one.Event.EventID], r.last = true, one.Reason
		r.count = uint64(len(r.known))
	}
}

// keep makes refused events durable, and tells of them.
func (d *Delivery) keep(ctx context.Context, events []event.Event, refused *plugins.BatchError) error {
	told := Refusal{File: d.cfg.RefusedFile}
	tell := false
	var text []byte
	fresh := map[string]bool{}
	last := ""
	for _, i := range slices.Sorted(maps.Keys(refused.Refused)) {
		if i < 0 || i >= len(events) {
			return fmt.Errorf("the sink refused event %d of %d: there is no such event", i, len(events))
		}
		e, reason := &events[i], "no reason was told"
		if why := refused.Refused[i]; why != nil {
			reason = why.Error()
		}
		reason = reason[:min(len(reason), mostReason)]
		if d.refused.known[e.ID] || fresh[e.ID] {
			continue
		}
		line, err := json.Marshal(refusedLine{d.cfg.Now().UTC(), reason, e.AppendJSON(nil)})
		if err != nil {
			return fmt.Errorf("keep a refused event: %w", err)
		}
		text, last = append(append(text, line...), '\n'), reason
		fresh[e.ID] = true
		if told.Events++; told.First == "" {
			told.First, told.Reason = e.ID, reason
		}
		tell = tell || e.Name != RefusedEvent
	}
	if len(fresh) == 0 {
		return nil
	}
	if err := appendDurably(d.cfg.RefusedFile, text); err != nil {
		return fmt.Errorf("keep refused events: %w", err)
	}
	maps.Copy(d.refused.known, fresh)
	d.mu.Lock()
	d.status.Refused += uint64(len(fresh))
	d.status.LastRefused = last
	d.mu.Unlock()
	if tell && d.cfg.Refused != nil {
		d.cfg.Refused(ctx, told)
	}
	return nil
}

// appendDurably adds whole lines to a file. After an error some of them may be there.
func appendDurably(path string, text []byte) error {
	if err := durable.MkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	_, err := os.Stat(path)
	f, openErr := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if openErr != nil {
		return openErr
	}
	defer f.Close()
	begin, seekErr := f.Seek(0, 2)
	if seekErr != nil {
		return seekErr
	}
	if _, writeErr := f.Write(text); writeErr != nil {
		return errors.Join(writeErr, f.Truncate(begin)) // no half line may be followed by another
	}
	if syncErr := durable.Sync(f); syncErr != nil {
		return syncErr
	}
	if errors.Is(err, fs.ErrNotExist) {
		return durable.SyncDir(filepath.Dir(path))
	}
	return nil
}
