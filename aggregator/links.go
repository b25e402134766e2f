package aggregator

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/internal/durable"
)

// Bounds of what is kept.
const (
	MaxLinks       = 20_000
	MaxLinkAddress = 32 << 10 // bytes
)

// linkVersion is the version of the files.
const linkVersion = 1

// ErrTooManyLinks refuses one more.
var ErrTooManyLinks = errors.New("there are as many short links as can be kept")

// Link is an address of the console under a short name.
type Link struct {
	Name      string
	Address   string // path and query
	CreatedAt time.Time
}

// Links keeps addresses of the console under short names, each in a file of its
// own (docs/format/links.md): what is long in a chat or a ticket. The name is made
// of the address, so whoever shortens the same one again gets the same name. None
// is forgotten to make room: a link in a ticket has to lead there years later.
type Links struct {
	dir string

	mu sync.Mutex
	n  int // files there are
}

type linkFile struct {
	Version   int       `json:"version"`
	Address   string    `json:"address"`
	CreatedAt time.Time `json:"createdAt"`
}

const linkSuffix = ".json"

// What a name can be: a part of a hash in lower-case base 32.
var linkName = regexp.MustCompile(`^[a-z2-7]{10,52}$`)

var linkEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// OpenLinks makes the folder if it is not there, and counts what it holds.
func OpenLinks(dir string) (*Links, error) {
	l := &Links{dir: dir}
	err := durable.MkdirAll(dir)
	if err == nil {
		err = durable.RemoveTemporary(dir)
	}
	var entries []fs.DirEntry
	if err == nil {
		entries, err = os.ReadDir(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("short links in %s: %w", dir, err)
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), linkSuffix); ok && linkName.MatchString(name) {
			l.n++
		}
	}
	return l, nil
}

// CheckLinkAddress tells what is wrong with an address: it has to stay in the console.
func CheckLinkAddress(address string) error {
	switch {
	case len(address) > MaxLinkAddress:
		return fmt.Errorf("the address has more than %d bytes", MaxLinkAddress)
	case !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.HasPrefix(address, "/api/"):
		return errors.New("the address does not begin with the path of a page of the console")
	case strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == '\\' || r > '~' }):
		return errors.New("the address has characters that an address has percent-encoded")
	}
	return nil
}

// Put keeps an address durably, and returns the link that it has from now on.
func (l *Links) Put(address string, now time.Time) (Link, error) {
	if err := CheckLinkAddress(address); err != nil {
		return Link{}, err
	}
	sum := sha256.Sum256([]byte(address))
	whole := linkEncoding.EncodeToString(sum[:])
	l.mu.Lock()
	defer l.mu.Unlock()
	// Ten letters are 50 bits: another address may have them, a longer name has none.
	for n := 10; n <= len(whole); n += 6 {
		link, err := l.Get(whole[:n])
		switch {
		case err == nil && link.Address == address:
			return link, nil
		case err == nil:
			continue
		case !errors.Is(err, fs.ErrNotExist):
			return Link{}, err
		case l.n >= MaxLinks:
			return Link{}, ErrTooManyLinks
		}
		link = Link{whole[:n], address, now.UTC()}
		if err := writeKept(l.path(link.Name), linkFile{linkVersion, address, link.CreatedAt}, nil); err != nil {
			return Link{}, fmt.Errorf("short link %s: %w", link.Name, err)
		}
		l.n++
		return link, nil
	}
	return Link{}, errors.New("every name of the address is taken by another one")
}

// Get is the link of this name; fs.ErrNotExist when there is none.
func (l *Links) Get(name string) (Link, error) {
	if !linkName.MatchString(name) {
		return Link{}, fmt.Errorf("no short link has such a name: %w", fs.ErrNotExist)
	}
	data, err := os.ReadFile(l.path(name))
	if err != nil {
		return Link{}, fmt.Errorf("short link %s: %w", name, err)
	}
	link, err := parseLink(name, data)
	if err != nil {
		return Link{}, fmt.Errorf("short link in %s: %w", l.path(name), err)
	}
	return link, nil
}

func parseLink(name string, data []byte) (Link, error) {
	var file linkFile
	if err := decodeKept(data, &file, &file.Version, linkVersion); err != nil {
		return Link{}, err
	}
	if err := CheckLinkAddress(file.Address); err != nil {
		return Link{}, err
	}
	return Link{name, file.Address, file.CreatedAt}, nil
}

func (l *Links) path(name string) string { return filepath.Join(l.dir, name+linkSuffix) }
