package aggregator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Agents knows which public keys may send batches under which name. A name
// belongs to the keys that were enrolled for it; batches of any other key under
// it are refused. The table is a small file that operators can read, and that the
// keys commands change while the aggregator runs: each look reads it again when it has changed.
type Agents struct {
	// Strict refuses names that nobody has enrolled. Without it the first batch of
	// a name enrols its key.
	Strict bool
	// Learn is asked before a key is refused or enrolled by its first batch: another
	// aggregator may know it, and Merge has then told. Share is told of each key that was enrolled
	// so. nil: there is no other one.
	Learn func() error
	Share func() error

	path  string
	mu    sync.Mutex
	seen  fileState // of the table in memory
	table []Enrolment
}

// Enrolment is one key of one agent.
type Enrolment struct {
	Account  string    `json:"account"`
	Agent    string    `json:"agent"`
	Key      string    `json:"key"` // public nkey
	How      How       `json:"how"`
	Enrolled time.Time `json:"enrolled"`
	Revoked  time.Time `json:"revoked,omitzero"` // batches that the stream took at this time or later are refused
}

// How says who enrolled a key.
type How string

// Ways of enrolment.
const (
	ByOperator How = "operator"     // the keys commands
	ByFirstUse How = "first use"    // the first batch of the name
	ThisHouse  How = "this process" // the agent and the aggregator of one process
)

// Answers of Enrol and Revoke, besides errors of the disk.
var (
	ErrEnrolled    = errors.New("the name has a key already")
	ErrNotEnrolled = errors.New("no such agent is enrolled")
)

// OpenAgents reads the table, which need not exist yet.
func OpenAgents(path string) (*Agents, error) {
	a := &Agents{path: path}
	return a, a.refresh()
}

// List is the whole table, by account, name and time of enrolment.
func (a *Agents) List() ([]Enrolment, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.refresh()
	return slices.Clone(a.table), err
}

// Check tells whether the lane's key may send under the lane's name a batch that
// the stream took at this time. It is the time of the stream, so that each
// follower decides alike, also one that reads the batch much later. The error is a
// *Refusal, or one of the disk: then nothing is known, try again.
func (a *Agents) Check(l event.Lane, stored time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.refresh(); err != nil {
		return err
	}
	taken, err := a.judge(l, stored)
	if why := (*Refusal)(nil); a.Learn != nil && !taken && (err == nil || errors.As(err, &why) && why.Reason == UnknownKey) {
		a.mu.Unlock()
		failed := a.Learn()
		a.mu.Lock()
		if failed != nil {
			return fmt.Errorf("whether the key of %s/%s is known to another aggregator: %w", l.Account, l.Agent, failed)
		}
		taken, err = a.judge(l, stored)
	}
	if taken || err != nil {
		return err
	}
	err = a.change(func() error {
		// Another process may have been faster.
		if taken, err := a.judge(l, stored); taken || err != nil {
			return err
		}
		a.table = append(a.table, Enrolment{l.Account, l.Agent, l.Key, ByFirstUse, stored.UTC(), time.Time{}})
		return nil
	})
	if err != nil || a.Share == nil {
		return err
	}
	a.mu.Unlock()
	defer a.mu.Lock()
	return a.Share()
}

// judge decides by the table as it is; neither taken nor an error: the name is free to be enrolled.
func (a *Agents) judge(l event.Lane, stored time.Time) (taken bool, err error) {
	name := l.Account + "/" + l.Agent
	var other string
	for _, e := range a.table {
		switch {
		case e.Account != l.Account || e.Agent != l.Agent:
		case e.Key != l.Key:
			other = e.Key
		case e.Revoked.IsZero() || stored.Before(e.Revoked):
			return true, nil
		default:
			return false, &Refusal{RevokedKey, fmt.Errorf("key %s of %s was revoked at %s", l.Key, name, e.Revoked.UTC().Format(time.RFC3339))}
		}
	}
	switch {
	case other != "":
		return false, &Refusal{UnknownKey, fmt.Errorf("%s is enrolled with key %s, the batch is signed by %s", name, other, l.Key)}
	case a.Strict:
		return false, &Refusal{UnknownKey, fmt.Errorf("%s with key %s is not enrolled: if it is yours, `actiontrail keys enroll %s %s --account %s`", name, l.Key, l.Agent, l.Key, l.Account)}
	}
	return false, nil
}

// Enrol gives a name a key. A name that has a key already gets this one besides
// only when add is set, else the answer is ErrEnrolled; the same key again changes
// nothing. A revoked key stays revoked.
func (a *Agents) Enrol(account, agent, key string, how How, add bool, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.change(func() error {
		for _, e := range a.table {
			switch {
			case e.Account != account || e.Agent != agent:
			case e.Key == key && !e.Revoked.IsZero():
				return fmt.Errorf("key %s of %s/%s was revoked at %s and cannot come back: make a new one with `actiontrail keys agent`", key, account, agent, e.Revoked.UTC().Format(time.RFC3339))
			case e.Key == key:
				return nil
			case e.Revoked.IsZero() && !add:
				return fmt.Errorf("%s/%s: %w: %s", account, agent, ErrEnrolled, e.Key)
			}
		}
		a.table = append(a.table, Enrolment{account, agent, key, how, now.UTC(), time.Time{}})
		return nil
	})
}

// Revoke ends the right of an agent's key, or of all its keys when key is empty,
// from now on. It returns what it revoked; ErrNotEnrolled when there was nothing to revoke.
func (a *Agents) Revoke(account, agent, key string, now time.Time) (revoked []Enrolment, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	err = a.change(func() error {
		for i := range a.table {
			e := &a.table[i]
			if e.Account == account && e.Agent == agent && (key == "" || e.Key == key) && e.Revoked.IsZero() {
				e.Revoked = now.UTC()
				revoked = append(revoked, *e)
			}
		}
		if len(revoked) == 0 {
			return fmt.Errorf("%s/%s: %w with a key that is not revoked yet", account, agent, ErrNotEnrolled)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return revoked, nil
}

// change changes the table in memory by fn and on the disk, or neither. Other
// processes wait, so that no change is lost.
func (a *Agents) change(fn func() error) error {
	lock, err := durable.WaitLock(a.path + ".lock")
	if err != nil {
		return fmt.Errorf("table of agents: %w", err)
	}
	defer lock.Close()
	if err := a.refresh(); err != nil {
		return err
	}
	before := slices.Clone(a.table)
	if err = fn(); err == nil && !slices.Equal(before, a.table) {
		err = a.write()
	}
	if err != nil {
		a.table = before
	}
	return err
}

// refresh reads the table when its file is another one than was read last.
func (a *Agents) refresh() error {
	now, err := stateOf(a.path)
	if errors.Is(err, fs.ErrNotExist) {
		a.table, a.seen = nil, fileState{}
		return nil
	} else if err != nil {
		return fmt.Errorf("table of agents: %w", err)
	}
	if now == a.seen {
		return nil
	}
	data, err := os.ReadFile(a.path)
	if err != nil {
		return fmt.Errorf("table of agents: %w", err)
	}
	table, err := parseAgents(data)
	if err != nil {
		return fmt.Errorf("%s: %w: restore it from a copy, or remove it and enrol the agents anew", a.path, err)
	}
	a.table, a.seen = table, now
	return nil
}

func (a *Agents) write() error {
	data, err := formatAgents(a.table)
	if err == nil {
		err = durable.WriteFile(a.path, data)
	}
	if err == nil {
		a.seen, err = stateOf(a.path)
	}
	if err != nil {
		a.seen = fileState{} // what the disk has is not known: read it again
		return fmt.Errorf("table of agents: %w", err)
	}
	return nil
}

// fileState tells one version of a file from the next, which is always a new file.
type fileState struct {
	inode  uint64
	size   int64
	change time.Time
}
