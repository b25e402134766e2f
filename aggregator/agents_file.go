package aggregator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/actiontrail/actiontrail/event"
)

// agentsVersion is the version of the table's file.
const agentsVersion = 1

type agentsFile struct {
	Version int         `json:"version"`
	Agents  []Enrolment `json:"agents"`
}

// formatAgents is the table as it stands in its file, sorted.
func formatAgents(table []Enrolment) ([]byte, error) {
	slices.SortStableFunc(table, func(a, b Enrolment) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Agent, b.Agent), a.Enrolled.Compare(b.Enrolled))
	})
	data, err := json.MarshalIndent(agentsFile{agentsVersion, table}, "", "  ")
	return append(data, '\n'), err
}

// parseAgents is the inverse of formatAgents. It also reads the first form of the
// file, which was an object of "account/agent" to key.
func parseAgents(data []byte) ([]Enrolment, error) {
	var keys map[string]string
	if json.Unmarshal(data, &keys) == nil {
		return parseFirst(keys)
	}
	var file agentsFile
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("there is more after the table")
	}
	if file.Version != agentsVersion {
		return nil, fmt.Errorf("version %d of the table is not known to this version of actiontrail", file.Version)
	}
	seen := map[Enrolment]bool{}
	for _, e := range file.Agents {
		if !event.ValidName(e.Account) || !event.ValidName(e.Agent) || e.Key == "" {
			return nil, fmt.Errorf("%q/%q with key %q is not an agent", e.Account, e.Agent, e.Key)
		}
		one := Enrolment{Account: e.Account, Agent: e.Agent, Key: e.Key}
		if seen[one] {
			return nil, fmt.Errorf("%s/%s has the key %s twice", e.Account, e.Agent, e.Key)
		}
		seen[one] = true
	}
	return file.Agents, nil
}

func parseFirst(keys map[string]string) ([]Enrolment, error) {
	var table []Enrolment
	for name, key := range keys {
		account, agent, ok := strings.Cut(name, "/")
		if !ok || key == "" || !event.ValidName(account) || !event.ValidName(agent) {
			return nil, fmt.Errorf("%q is not account/agent", name)
		}
		table = append(table, Enrolment{Account: account, Agent: agent, Key: key, How: ByFirstUse})
	}
	_, err := formatAgents(table) // sorts
	return table, err
}

func stateOf(path string) (fileState, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fileState{}, err
	}
	s := fileState{size: info.Size(), change: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = sys.Ino
	}
	return s, nil
}
