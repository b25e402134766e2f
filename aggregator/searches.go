package aggregator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/internal/durable"
)

// Bounds of what is kept.
const (
	MaxSearches    = 1000
	MaxSearchName  = 100      // characters
	MaxSearchBytes = 64 << 10 // of one search, as JSON
)

// searchesVersion is the version of the file.
const searchesVersion = 1

// ErrTooManySearches refuses one more.
var ErrTooManySearches = errors.New("there are as many searches as can be kept")

// Searches keeps searches by name, as the JSON that the API was given, in one file (docs/format/searches.md).
type Searches struct {
	path string

	mu   sync.Mutex
	kept map[string]json.RawMessage
}

type searchesFile struct {
	Version  int                        `json:"version"`
	Searches map[string]json.RawMessage `json:"searches"`
}

// OpenSearches reads the file; one that is not there holds none.
func OpenSearches(path string) (*Searches, error) {
	s := &Searches{path: path, kept: map[string]json.RawMessage{}}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		s.kept, err = parseSearches(data)
	}
	if err != nil {
		return nil, fmt.Errorf("saved searches in %s: %w; move the file away to begin without any", path, err)
	}
	return s, nil
}

func parseSearches(data []byte) (map[string]json.RawMessage, error) {
	var file searchesFile
	if err := decodeKept(data, &file, &file.Version, searchesVersion); err != nil {
		return nil, err
	}
	out := make(map[string]json.RawMessage, len(file.Searches))
	for name, search := range file.Searches {
		if err := CheckSearchName(name); err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		var short bytes.Buffer
		if err := json.Compact(&short, search); err != nil || short.Bytes()[0] != '{' {
			return nil, fmt.Errorf("%q is not an object", name)
		}
		out[name] = short.Bytes()
	}
	return out, nil
}

// formatSearches is the inverse of parseSearches.
func formatSearches(kept map[string]json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // what is read again is what was kept, byte for byte
	e.SetIndent("", "  ")
	err := e.Encode(searchesFile{searchesVersion, kept})
	return b.Bytes(), err
}

// CheckSearchName tells what is wrong with a name.
func CheckSearchName(name string) error {
	switch {
	case name == "":
		return errors.New("a search needs a name")
	case !utf8.ValidString(name):
		return errors.New("the name is not UTF-8")
	case utf8.RuneCountInString(name) > MaxSearchName:
		return fmt.Errorf("the name has more than %d characters", MaxSearchName)
	case name == "." || name == ".." || strings.Contains(name, "/") || strings.ContainsFunc(name, unicode.IsControl) || strings.TrimSpace(name) != name:
		return errors.New("the name has a slash, a control character, or a space at an end")
	}
	return nil
}

// Names are in order.
func (s *Searches) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.kept))
}

// Get is the search of this name; nil when there is none. It is shared: nobody changes it.
func (s *Searches) Get(name string) json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[name]
}

// Put keeps a search durably, in place of the one of this name. The search is an
// object; it must not be changed afterwards.
func (s *Searches) Put(name string, search json.RawMessage) error {
	if err := CheckSearchName(name); err != nil {
		return err
	}
	if len(search) > MaxSearchBytes {
		return fmt.Errorf("the search has %d bytes, %d are allowed", len(search), MaxSearchBytes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.kept[name]; !there && len(s.kept) >= MaxSearches {
		return ErrTooManySearches
	}
	after := maps.Clone(s.kept)
	after[name] = search
	return s.write(after)
}

// Delete forgets a search durably and returns it; nil when there was none.
func (s *Searches) Delete(name string) (json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	search, there := s.kept[name]
	if !there {
		return nil, nil
	}
	after := maps.Clone(s.kept)
	delete(after, name)
	return search, s.write(after)
}

// write has the file first: what cannot be kept is not shown.
func (s *Searches) write(after map[string]json.RawMessage) error {
	data, err := formatSearches(after)
	if err == nil {
		err = durable.WriteFile(s.path, data)
	}
	if err != nil {
		return fmt.Errorf("saved searches: %w", err)
	}
	s.kept = after
	return nil
}
