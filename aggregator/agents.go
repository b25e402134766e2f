package aggregator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Agents knows the public key of each agent. An agent is enrolled when its
// first batch comes; from then on its name belongs to that key, and batches of
// another key under the name are refused. The table is a small file that an
// operator can read: to let a name pass to a new key, remove its line.
type Agents struct {
	path string
	mu   sync.Mutex
	keys map[string]string // account/agent to public key
}

// OpenAgents reads the table, which need not exist yet.
func OpenAgents(path string) (*Agents, error) {
	a := &Agents{path: path, keys: map[string]string{}}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	} else if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &a.keys); err != nil {
		return nil, fmt.Errorf("%s: %w: restore it from a copy, or remove it to enrol every agent anew", path, err)
	}
	return a, nil
}

// Check tells whether the lane's key owns the lane's name, and enrols a name
// that has no key yet. The error is a *Refusal, or one of the disk: then nothing is known, try again.
func (a *Agents) Check(l event.Lane) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := l.Account + "/" + l.Agent
	switch key, ok := a.keys[name]; {
	case ok && key == l.Key:
		return nil
	case ok:
		return &Refusal{UnknownKey, fmt.Errorf("%s is enrolled with key %s, the batch is signed by %s", name, key, l.Key)}
	}
	a.keys[name] = l.Key
	data, err := json.MarshalIndent(a.keys, "", "  ")
	if err == nil {
		err = durable.WriteFile(a.path, append(data, '\n'))
	}
	if err != nil {
		delete(a.keys, name)
		return fmt.Errorf("enrol agent %s: %w", name, err)
	}
	return nil
}
